/**
 * An image of the viewer.
 *
 * @module
 */
import { type Signal, useSignal, useSignalEffect } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";

/** Pixels of the screen that a pixel of the viewer's image takes. */
export const Zoom = createContext<Signal<number> | undefined>(undefined);

interface Props {
  whole: string;
  /** Shown instead until the whole image has more to show. */
  copy: string | undefined;
  alt: string;
  width: number;
  height: number;
}

/** An image of that size, whatever its own. */
export function Photo({ whole, copy = whole, alt, width, height }: Props) {
  const zoom = useContext(Zoom);
  const source = useSignal(copy);
  useSignalEffect(() => {
    if (source.value === whole) return;
    source.value = copy;
    const element = new Image();
    element.src = copy;
    let current = true;
    const scale = zoom?.value ?? 1;
    element.decode().then(
      () => {
        if (current && scale * devicePixelRatio * width > 1.25 * element.naturalWidth) source.value = whole;
      },
      () => {
        if (current) source.value = whole;
      },
    );
    return () => {
      current = false;
    };
  });
  return <img src={source} alt={alt} width={width} height={height} draggable={false} />;
}
