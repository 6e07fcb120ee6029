import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

// The page is served by the Python service: /supervision is the page, /static its files.
export default defineConfig({
  plugins: [vue()],
  base: "/static/",
  build: {
    outDir: "../cti/api/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "/api": "http://127.0.0.1:8080" },
  },
});
