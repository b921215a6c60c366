import { signal } from "@preact/signals";
import { toast } from "../state/notices.ts";
import { Icon } from "./icons.tsx";

const filling = signal(false);
document.addEventListener("fullscreenchange", () => {
  filling.value = document.fullscreenElement !== null;
});

/** The stage fills the screen, or no longer does. */
export async function toggleFullScreen(): Promise<void> {
  if (document.fullscreenElement) return document.exitFullscreen();
  try {
    await document.querySelector(".stage")?.requestFullscreen();
  } catch {
    toast("The browser does not allow full screen here.");
  }
}

/** Phones whose browser has no full screen get no button. */
export const FullScreen = () =>
  document.fullscreenEnabled ? (
    <button
      type="button"
      class="icon"
      aria-label={filling.value ? "Leave full screen" : "Full screen"}
      title="Full screen (F)"
      onClick={toggleFullScreen}
    >
      <Icon name="full" />
    </button>
  ) : null;
