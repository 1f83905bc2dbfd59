// Builds the module and its types. Without arguments it also renews the committed copy that the starter serves;
// --dist-only leaves that copy alone, --check fails when the copy or the size bound is not met.
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const AIM = 4000;
const BOUND = 4500;

const home = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(home, "dist");
const served = join(home, "../realtime-spring-boot-autoconfigure/src/main/resources/META-INF/realtime/client");
const mode = process.argv[2];

const { version } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
await build({
  absWorkingDir: home,
  entryPoints: ["src/realtime.ts"],
  outfile: join(dist, "realtime.js"),
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  mangleProps: /^_|^(rest|flying|done|lost|go)$/,
  banner: { js: `/* @realtime/client ${version}, generated from realtime-client/src by "npm run build" */` },
  logLevel: "warning",
});

execFileSync(process.execPath, [join(home, "node_modules/typescript/bin/tsc"), "--emitDeclarationOnly"], { cwd: home, stdio: "inherit" });
const types = join(dist, "realtime.d.ts");
writeFileSync(types, readFileSync(types, "utf8").replace(/^ +private .*\n/gm, "").replace(/^import .*\n/gm, ""));

const size = gzipSync(readFileSync(join(dist, "realtime.js")), { level: 9 }).length;
console.log(`realtime.js: ${size} bytes gzipped (aim ${AIM}, bound ${BOUND})`);
if (size > BOUND) {
  console.error("realtime.js is larger than its bound");
  process.exitCode = 1;
}

for (const name of ["realtime.js", "realtime.d.ts"]) {
  const built = readFileSync(join(dist, name));
  if (mode === "--check") {
    let committed;
    try {
      committed = readFileSync(join(served, name));
    } catch {
      committed = Buffer.alloc(0);
    }
    if (!built.equals(committed)) {
      console.error(`${name}: the committed copy differs from the source; run "npm run build" and commit it`);
      process.exitCode = 1;
    }
  } else if (mode !== "--dist-only") {
    mkdirSync(served, { recursive: true });
    writeFileSync(join(served, name), built);
  }
}
