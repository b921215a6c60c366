/**
 * An image element of an address, once it is decoded.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/**
 * An image element of an address once it is decoded; null when the browser cannot show it. With `readable` it is known that the browser
 * can, and the element comes at once: decoding a photograph takes a while.
 */
export function useImage(url: string | undefined, alt: string, readable = false) {
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
    if (readable) {
      image.value = element;
      return;
    }
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
