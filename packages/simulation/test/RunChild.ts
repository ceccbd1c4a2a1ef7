/**
 * Runs a plan in a process of its own, and prints the report. For the test that compares two processes.
 */
import { type Plan, Simulation } from "@effekten/simulation"

const plan = JSON.parse(process.argv[2] ?? "") as Plan.Plan
console.log(JSON.stringify(Simulation.run(plan)))
