/**
 * The folder of one run of the tests: all that they write is in it, and it is gone afterwards. For the configuration of the tests.
 *
 * It is in memory where there is room. A test that kills a process loses nothing there that it would keep on a disk, and no test cuts the
 * power. Each commit waits for the disk otherwise, which is most of the time of many tests. `EFFEKTEN_TESTS_ON_DISK=1` has them wait.
 */
import { chmodSync, existsSync, mkdtempSync, rmSync, statfsSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const memory = "/dev/shm"
/** Bytes that are free there: a run needs less than a fourth of it. */
const roomNeeded = 4 * 1024 ** 3

const isRoomy = (): boolean => {
  if (process.env["EFFEKTEN_TESTS_ON_DISK"] === "1" || !existsSync(memory)) return false
  const { bavail, bsize } = statfsSync(memory)
  return bavail * bsize >= roomNeeded
}

export default (): (() => void) => {
  const folder = mkdtempSync(join(isRoomy() ? memory : tmpdir(), "effekten-run-"))
  // A server of PostgreSQL runs as another user, and has its data below.
  chmodSync(folder, 0o755)
  process.env["TMPDIR"] = folder
  // Made by the first test that needs one.
  if (process.platform !== "win32") process.env["EFFEKTEN_POSTGRES_TEMPLATE"] = join(folder, "postgres")
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
}
