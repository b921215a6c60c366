/**
 * Takes a picture with the camera.
 *
 * @module
 */
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";

const wanted = signal<((photo: Blob) => unknown) | undefined>(undefined);

export const showCamera = (take: (photo: Blob) => unknown) => {
  wanted.value = take;
};

export function Camera() {
  const dialog = useRef<HTMLDialogElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const [error, setError] = useState<string | undefined>(undefined);
  const [live, setLive] = useState(false);
  const take = wanted.value;

  useEffect(() => {
    if (!take) return;
    let stream: MediaStream | undefined;
    let open = true;
    const stop = () => {
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    const start = async () => {
      const got = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1440 } },
      });
      stream = got;
      if (!open) return stop();
      video.current!.srcObject = got;
      await video.current!.play();
      setLive(true);
    };
    dialog.current!.showModal();
    start().catch((cause: Error) => setError(cause.message || "There is no camera."));
    return () => {
      open = false;
      stop();
      setLive(false);
      setError(undefined);
    };
  }, [take]);

  if (!take) return null;
  const close = () => {
    wanted.value = undefined;
  };
  const shoot = async () => {
    const { videoWidth, videoHeight } = video.current!;
    const canvas = new OffscreenCanvas(videoWidth, videoHeight);
    canvas.getContext("2d")!.drawImage(video.current!, 0, 0);
    const photo = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 });
    close();
    await take(photo);
  };
  return (
    <dialog ref={dialog} aria-labelledby="camera-title" onClose={close}>
      <h2 id="camera-title">Camera</h2>
      <video ref={video} playsInline muted />
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      <div class="row">
        <button type="button" class="primary" disabled={!live} onClick={shoot}>
          Take picture
        </button>
        <button type="button" class="quiet" onClick={close}>
          Close
        </button>
      </div>
    </dialog>
  );
}
