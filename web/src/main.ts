import { createApp, defineAsyncComponent, type Component } from "vue";
import "./style.css";
import "./rappels.css";
import App from "./App.vue";
import Rappels from "./Rappels.vue";

/** The wall does not load what only the recordings or a desk need. */
const PAGES: Record<string, Component> = {
  "/rappels": Rappels,
  "/enregistrements": defineAsyncComponent(() => import("./enregistrements/Enregistrements.vue")),
  "/poste": defineAsyncComponent(() => import("./poste/Poste.vue")),
};

createApp(PAGES[window.location.pathname] ?? App).mount("#page");
