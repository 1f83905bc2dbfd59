// Builds the modules and their types. Without arguments it also renews the committed copy of what the starter serves;
// --dist-only leaves that alone, --check fails when the copy or a size bound is not met.
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const home = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(home, "dist");
const served = join(home, "../realtime-spring-boot-autoconfigure/src/main/resources/META-INF/realtime/client");
const mode = process.argv[2];

/** The modules, in bytes gzipped, each with the sources whose types are its public ones. */
const modules = [
  { name: "realtime", served: true, aim: 5000, bound: 6000, types: ["emitter", "errors", "types", "room", "connection", "realtime"] },
  { name: "react", aim: 1000, bound: 1000, types: ["react"] },
];

const { version } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
await build({
  absWorkingDir: home,
  entryPoints: modules.map(({ name }) => `src/${name}.ts`),
  outdir: dist,
  bundle: true,
  external: ["react", "./realtime.js"],
  format: "esm",
  target: "es2022",
  minify: true,
  mangleProps: /^_/,
  banner: { js: `/* @realtime/client ${version}, generated from realtime-client/src by "npm run build" */` },
  logLevel: "warning",
});

// One file of types for each module: what its sources declare, with `export` on what the module exports.
const declared = join(home, "target/types");
rmSync(declared, { recursive: true, force: true });
execFileSync(process.execPath, [join(home, "node_modules/typescript/bin/tsc"), "--emitDeclarationOnly", "--outDir", declared], { cwd: home, stdio: "inherit" });
for (const { name, types } of modules) {
  const entry = readFileSync(join(declared, `${name}.d.ts`), "utf8");
  const reexported = [...entry.matchAll(/^export (?:type )?\{([^}]*)\} from/gm)].flatMap(m => m[1].match(/\b(?!type\b)\w+/g));
  const text = types
    .map(type => readFileSync(join(declared, `${type}.d.ts`), "utf8"))
    .join("")
    .replace(/(?:^ +\/\*\* .*\*\/\n)?^ +private .*\n/gm, "")
    .replace(/^export (?:type )?\{[^}]*\} from.*\n/gm, "")
    .replace(/^export \{\};\n/gm, "");
  writeFileSync(
    join(dist, `${name}.d.ts`),
    reexported.length
      ? text
          .replace(/^import .*\n/gm, "")
          .replace(/^export declare const .*\n/gm, "")
          .replace(/^export ((?:declare )?(?:class|interface|type) (\w+))/gm, (all, rest, id) => (reexported.includes(id) ? all : rest.replace(/^class/, "declare class")))
          .concat("export {};\n")
      : text,
  );
}

const fail = message => {
  console.error(message);
  process.exitCode = 1;
};
for (const { name, aim, bound } of modules) {
  const size = gzipSync(readFileSync(join(dist, `${name}.js`)), { level: 9 }).length;
  console.log(`${name}.js: ${size} bytes gzipped (aim ${aim}, bound ${bound})`);
  if (size > bound) {
    fail(`${name}.js is larger than its bound`);
  }
}

for (const name of modules.filter(m => m.served).flatMap(m => [`${m.name}.js`, `${m.name}.d.ts`])) {
  const built = readFileSync(join(dist, name));
  if (mode === "--check") {
    const committed = readdirSync(served).includes(name) ? readFileSync(join(served, name)) : Buffer.alloc(0);
    if (!built.equals(committed)) {
      fail(`${name}: the committed copy differs from the source; run "npm run build" and commit it`);
    }
  } else if (mode !== "--dist-only") {
    mkdirSync(served, { recursive: true });
    writeFileSync(join(served, name), built);
  }
}
