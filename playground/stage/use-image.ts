/**
 * An image element of an address, once it is decoded.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/** An image element of an address once it is decoded; null when the browser cannot show it. */
export function useImage(url: string | undefined, alt: string) {
  const image = useSignal<HTMLImageElement | null | undefined>(url === undefined ? null : undefined);
  useEffect(() => {
    if (url === undefined) {
      image.value = null;
      return;
    }
    let current = true;
    image.value = undefined;
    const element = new Image();
    element.src = url;
    element.alt = alt;
    element.decode().then(
      () => {
        if (current) image.value = element;
      },
      () => {
        if (current) image.value = null;
      },
    );
    return () => {
      current = false;
    };
  }, [url]);
  return image;
}
