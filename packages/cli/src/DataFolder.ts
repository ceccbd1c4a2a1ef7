/**
 * The default folder of a register. For the flags, and for what commands print.
 */
import { relative } from "node:path"

/** @category values */
export const defaultDataFolder = ".effekten"

/** The flag that names a folder, where it has to be named. @category values */
export const folderFlag = (folder: string): string =>
  relative(process.cwd(), folder) === defaultDataFolder ? "" : ` --data ${folder}`
