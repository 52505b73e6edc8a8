/** The colours of the package's figures on a dark background, so that figures and live charts show
 * a model in the same hue in both themes. */

const DARK = {
  "#ffffff": "#1e2126", // ground
  "#222222": "#e6e8eb", // ink
  "#000000": "#e6e8eb",
  "#6e6e6e": "#a3abb5",
  "#dcdcdc": "#363b43",
  "#0072b2": "#6cb8f5",
  "#d55e00": "#ff9a5c",
  "#009e73": "#4fd3a4",
  "#332288": "#a79bff",
  "#117733": "#6cc98a",
  "#882255": "#e58ab8",
  "#aa4499": "#d98ccb",
  "#cc6677": "#ec95a3",
  "#999933": "#c9c95c",
  "#8c564b": "#c9968b",
  "#7a7a7a": "#a3abb5",
};

export const isDark = () => {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

/** A colour of a figure in the current theme. */
export const shade = (color) => (isDark() ? (DARK[color.toLowerCase()] ?? color) : color);

/** A figure's SVG as text, in the colours of the dark theme. */
export const darkened = (svg) =>
  svg.replace(/#[0-9a-f]{6}\b/gi, (color) => DARK[color.toLowerCase()] ?? color);

/** Call back when the theme changes, by the button or by the system. */
export function onTheme(act) {
  new MutationObserver(act).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", act);
}
