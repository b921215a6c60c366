import { useState } from "preact/hooks";
import { thumbnailUrl } from "../state/api.ts";

/** The thumbnail of a stored file, or an empty plate. */
export function Thumb({
  file,
  size = 128,
  alt = "",
}: {
  file: string;
  size?: 128 | 320 | 640;
  alt?: string;
}) {
  const [broken, setBroken] = useState(false);
  if (broken) return alt ? <span class="plate">{alt}</span> : <span class="plate" />;
  return (
    <img
      class="thumb"
      src={thumbnailUrl(file, size)}
      alt={alt}
      loading="lazy"
      decoding="async"
      draggable={false}
      onError={() => setBroken(true)}
    />
  );
}
