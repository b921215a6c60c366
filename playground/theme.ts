/** Dark, light, or as the system has it. */
const key = "easel-theme";
const names = { auto: "as the system has them", light: "light", dark: "dark" } as const;
const marks = { auto: "◐", light: "☀", dark: "☾" } as const;
type Theme = keyof typeof names;

const themes = Object.keys(names) as Theme[];

export function setUpTheme(toggle: HTMLButtonElement): void {
  const stored = localStorage.getItem(key);
  let theme = themes.find((known) => known === stored) ?? "auto";
  const show = () => {
    document.documentElement.dataset.theme = theme;
    toggle.textContent = marks[theme];
    toggle.setAttribute("aria-label", `Colours: ${names[theme]}`);
    toggle.title = `Colours: ${names[theme]}`;
  };
  toggle.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length]!;
    localStorage.setItem(key, theme);
    show();
  });
  show();
}
