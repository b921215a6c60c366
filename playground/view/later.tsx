/**
 * Parts of the page whose script is loaded when they are first shown.
 *
 * @module
 */
import { signal } from "@preact/signals";
import type { ComponentChildren, ComponentType } from "preact";
import { useEffect } from "preact/hooks";

/** A component that stands in for one from a script of its own. Until that is here it shows the bar of views, if there is one, and says that it waits. */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  const component = signal<ComponentType<Props> | undefined>(undefined);
  const failure = signal<string | undefined>(undefined);
  return (props) => {
    useEffect(() => {
      failure.value = undefined;
      load().then(
        (loaded) => {
          component.value = loaded;
        },
        () => {
          failure.value = "This view could not be loaded. If the server is running, reload the page.";
        },
      );
    }, []);
    const Loaded = component.value;
    if (Loaded) return <Loaded {...props} />;
    const { views } = props as { views?: ComponentChildren };
    return (
      <div class="result">
        {views && <div class="viewer-bar">{views}</div>}
        {failure.value ? (
          <p class="error" role="alert">
            {failure.value}
          </p>
        ) : (
          <p class="waiting">Loading the view…</p>
        )}
      </div>
    );
  };
}
