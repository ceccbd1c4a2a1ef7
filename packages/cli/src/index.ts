/**
 * The parts of the command. For programs that run it, or its steps, without a terminal.
 */
export * from "./ExitCode.ts"
export * from "./GuideSteps.ts"
export { effekten, main } from "./Main.ts"
export { replayLog, type ReplayedProduct, type ReplayResult } from "./Replay.ts"
export * from "./SandboxFile.ts"
