import { createApp } from "vue";
import "./style.css";
import "./rappels.css";
import App from "./App.vue";
import Rappels from "./Rappels.vue";

createApp(window.location.pathname === "/rappels" ? Rappels : App).mount("#page");
