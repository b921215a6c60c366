import { useEffect, useState } from "preact/hooks";
import { thumbnailUrl } from "../state/api.ts";
import { askWhetherGone } from "../state/gone.ts";
import { trouble } from "../state/server.ts";

/** The thumbnail of a stored file, or an empty plate. */
export function Thumb({
  file,
  size = 128,
  alt = "",
  first = false,
}: {
  file: string;
  size?: 128 | 320 | 640;
  alt?: string;
  /** Among the first that a view shows: it is asked for at once. */
  first?: boolean;
}) {
  const [broken, setBroken] = useState(false);
  const away = trouble.value !== undefined;
  // A picture that failed while the server was away is asked for again.
  useEffect(() => {
    if (!away) setBroken(false);
  }, [away]);
  if (broken) return alt ? <span class="plate">{alt}</span> : <span class="plate" />;
  return (
    <img
      class="thumb"
      src={thumbnailUrl(file, size)}
      alt={alt}
      loading={first ? "eager" : "lazy"}
      fetchPriority={first ? "high" : "auto"}
      decoding="async"
      draggable={false}
      onError={() => {
        setBroken(true);
        void askWhetherGone(file);
      }}
    />
  );
}

/** A picture that may be of a format that the browser cannot show: then nothing is shown. */
export const Shown = ({ src, alt = "" }: { src: string; alt?: string }) => (
  <img src={src} alt={alt} onError={(event) => (event.currentTarget.hidden = true)} />
);
