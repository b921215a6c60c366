/**
 * Films of a canvas.
 *
 * @module
 */

const filmMs = 4000;

/** Records the canvas: MP4 where the browser writes it, else WebM. */
export async function record(canvas: HTMLCanvasElement): Promise<Blob> {
  const type = ["video/mp4;codecs=avc1", "video/webm;codecs=vp9", "video/webm"].find((known) =>
    MediaRecorder.isTypeSupported(known),
  );
  if (!type) throw new Error("This browser cannot record a film.");
  const recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: type, videoBitsPerSecond: 12e6 });
  const chunks: Blob[] = [];
  recorder.addEventListener("dataavailable", ({ data }) => chunks.push(data));
  const stopped = new Promise((resolve) => recorder.addEventListener("stop", resolve, { once: true }));
  recorder.start();
  await new Promise((resolve) => setTimeout(resolve, filmMs));
  recorder.stop();
  await stopped;
  return new Blob(chunks, { type: type.split(";")[0]! });
}
