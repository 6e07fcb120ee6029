// The phone of the page alone, for its tests: never shipped.
export default { base: "./", build: { emptyOutDir: true, target: "es2022", minify: false }, worker: { format: "es" } };
