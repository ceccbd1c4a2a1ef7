/**
 * A release, up to the point where it is published: versions, changelogs, checks, tarballs, the text of the tag. For a maintainer.
 *
 *     npm run release -- 0.2.0            says what would change, and checks the packages as they are
 *     npm run release -- 0.2.0 --write    changes it, checks the packages, and leaves the tarballs in .release/
 *
 * Nothing is published, tagged or committed here: the commands for that are printed. What is published are the tarballs that were checked.
 */
import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { manifestPaths, packages, root } from "../packages/Tarballs.ts"
import { faultOfVersion, partOf, released, withVersion } from "./Edits.ts"

const { positionals, values } = parseArgs({ allowPositionals: true, options: { write: { type: "boolean" } } })
const folder = join(root, ".release")
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const stop = (why: string): never => {
  process.stderr.write(`${why}\n`)
  process.exit(2)
}
const version = positionals[0] ?? stop("usage: npm run release -- VERSION [--write], as in: npm run release -- 0.2.0")
const read = (path: string): string => readFileSync(join(root, path), "utf8")

const all = packages()
const siblings = new Set(all.map(({ manifest }) => manifest.name))
for (const { manifest } of all) {
  const fault = faultOfVersion(version, manifest.version)
  if (fault !== undefined) stop(`${manifest.name}: ${fault}`)
}
if (values.write === true && execFileSync("git", ["status", "--porcelain"], { cwd: root, encoding: "utf8" }) !== "")
  stop("the tree has changes that are not committed")

const day = new Date().toISOString().slice(0, "2026-01-01".length)
const changelogs = ["CHANGELOG.md", ...all.map((each) => `${each.folder}/CHANGELOG.md`)]
const next = new Map<string, string>([
  ...changelogs.map(
    (path) =>
      [
        path,
        released(read(path), version, day) ?? stop(`${path} has no part that is (unreleased): what is new?`)
      ] as const
  ),
  ...manifestPaths().map((path) => [path, withVersion(read(path), version, siblings)] as const)
])

for (const [path, text] of next) {
  if (text === read(path)) continue
  say(`${values.write === true ? "changed" : "would change"}  ${path}`)
  if (values.write === true) writeFileSync(join(root, path), text)
}
if (values.write === true)
  execFileSync("npm", ["install", "--package-lock-only", "--no-audit", "--no-fund"], { cwd: root, stdio: "ignore" })

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
const tag = changelogs
  .map((path) => [path, partOf(next.get(path)!, version)] as const)
  .map(([path, part]) => `${path === "CHANGELOG.md" ? `Effekten ${version}` : path.split("/")[1]}\n\n${part}`)
  .join("\n\n")
writeFileSync(join(folder, "tag.txt"), `${tag}\n`)

const checks = ["scripts/packages/main.ts", "all", "--tarballs", folder]
const { status } = spawnSync(process.execPath, checks, { cwd: root, stdio: "inherit" })
if (status !== 0) stop("the packages are not as they have to be: nothing was released")

say(`\nTo release ${version}${values.write === true ? "" : ", after a run with --write"}:`)
say(`  git commit --all --message "Release ${version}"`)
say(`  git tag --annotate v${version} --cleanup=verbatim --file .release/tag.txt && git push --follow-tags`)
for (const { manifest } of all) {
  const file = `${manifest.name.replace("@", "").replace("/", "-")}-${version}.tgz`
  say(`  npm publish .release/${file}`)
}
