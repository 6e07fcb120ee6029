/** Dark, light, or as the machine says; remembered on this machine. */

import { ref, watchEffect, type Ref } from "vue";

const THEMES = ["automatique", "sombre", "clair"] as const;
export type Theme = (typeof THEMES)[number];
const KEY = "cti-theme";

function remembered(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return THEMES.find((theme) => theme === kept) ?? "automatique";
  } catch {
    return "automatique";
  }
}

export function useTheme(): { theme: Ref<Theme>; next: () => void } {
  const theme = ref<Theme>(remembered());
  watchEffect(() => {
    const root = document.documentElement;
    if (theme.value === "automatique") delete root.dataset.theme;
    else root.dataset.theme = theme.value;
    try {
      localStorage.setItem(KEY, theme.value);
    } catch {
      // a browser that keeps nothing still shows the page
    }
  });
  return {
    theme,
    next: () => {
      theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? "automatique";
    },
  };
}
