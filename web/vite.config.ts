import { defineConfig } from "vitest/config";

export default defineConfig({
  base: "./", // one build is served from any path of any bucket
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: ["chrome123", "firefox120", "safari17.5"], // which know light-dark()
    assetsInlineLimit: 0, // nothing inline: the content security policy forbids it
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  test: { include: ["tests/**/*.test.ts"] },
});
