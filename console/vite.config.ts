import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// In development a server of this machine answers what is not a file of the console.
const server = "http://127.0.0.1:8080";

export default defineConfig({
  base: "/console/",
  plugins: [react()],
  build: {
    // The policy of the pages allows no inline code, so nothing is put into the page itself.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
  },
  server: {
    proxy: Object.fromEntries(
      ["api", "session", "sessions", "role"].map((path) => [`/console/${path}`, { target: server }]),
    ),
  },
});
