/**
 * Bugs to plant in the sources, one at a time: each is a mistake that somebody could make. For {@link main}, which sees whether a simulation
 * finds them. A bug that it misses says what the simulation lacks.
 */
import { type Bug, one } from "./Bug.ts"
import { deliveries } from "./Deliveries.ts"
import { rules } from "./Rules.ts"

const group = "registrar/src/deciding/CommitGroup.ts"
const deciding = "registrar/src/deciding/Deciding.ts"
const committing = "registrar/src/deciding/Committing.ts"
const models = "registrar/src/deciding/DecisionModels.ts"
const cache = "registrar/src/deciding/DecisionCache.ts"
const snapshots = "registrar/src/deciding/Snapshots.ts"
const answering = "registrar/src/deciding/Answering.ts"
const executor = "registrar/src/deciding/Executor.ts"
const showing = "registrar/src/api/Showing.ts"
const settlement = "registrar/src/reactors/Settlement.ts"
const place = "registrar/src/reactors/ReactorPlace.ts"
const failures = "registrar/src/base/Failures.ts"
const memory = "event-store/src/memory/MemoryEventStore.ts"
const reading = "event-store/src/building/Reading.ts"
const wake = "event-store/src/building/Wake.ts"
const fence = "event-store/src/building/Fence.ts"
const lists = "projections/src/MemoryReadModels.ts"
const foldOne = "projections/src/FoldOne.ts"

/** In the condition of an append. */
const conditions: { readonly [name: string]: Bug } = {
  "instructions not in the condition": one(
    group,
    "        ...Array.from(members.keys(), (identity) => ({ tags: [`instruction:${identity}`] }))\n",
    ""
  ),
  "reads not in the condition": one(
    group,
    "        ...overlay.read.map(({ tags, types }) => ({ types, tags })),\n",
    ""
  ),
  "conflict off by one": one(
    memory,
    "candidates(query, positionOf(after) + 1,",
    "candidates(query, positionOf(after) + 2,"
  ),
  "no lock of the writer": one(
    memory,
    "writing: (work) => writerLock.withPermit(Effect.uninterruptible(work))",
    "writing: (work) => Effect.uninterruptible(work)"
  ),
  "no fence before events that are not known": one(
    fence,
    "      if (strange.length > 0) throw newerKinds(strange)\n",
    ""
  ),
  "what is recorded not looked for under the lock": one(
    deciding,
    "            known.set(event.meta.instruction, event)\n",
    ""
  )
}

/** In what a decision sees. */
const sights: { readonly [name: string]: Bug } = {
  "cache takes over a lost group": one(
    committing,
    "      const error = appended.failure\n",
    `      const error = appended.failure
      const { after: lost } = group.condition() as any
      group.settle({ first: lost.position + 1, last: lost.position, leaf: lost.leaf } as any)
`
  ),
  "cache takes over a group though others were faster": one(
    deciding,
    "if (first === head.position + 1) group.adopt",
    "group.adopt"
  ),
  "members see the first event of each other alone": one(
    group,
    "      overlay.apply(result.logged)\n",
    "      overlay.apply(result.logged.slice(0, 1))\n"
  ),
  "what is loaded for a member misses those before it": one(
    cache,
    "      for (const event of decided) if (event.tags.includes(tagOf(model)) && concerns(model, event)) step(entry, event)\n",
    ""
  ),
  "catching up off by one": one(
    models,
    'log.read("all", { from: position + 1,',
    'log.read("all", { from: position + 2,'
  ),
  "cache keeps a state of before a group that moved it twice": one(
    cache,
    "        const { events, state } = seenOf(entry)\n        entry.state = state\n",
    "        const { events, state } = seenOf(entry)\n        if (events !== 2) entry.state = state\n"
  ),
  "snapshot without any check": one(
    snapshots,
    `        version === model.version &&
        position <= head &&
        isCode(snapshot, codeOf) &&
        (yield* leaves.at(position)) === leaf
`,
    "        version === model.version\n"
  ),
  "snapshot under an older position": {
    file: snapshots,
    edits: [
      [
        "  const keep = Effect.fnUntraced(\n",
        '  let older: DecisionCache["at"] | undefined\n  const keep = Effect.fnUntraced(\n'
      ],
      [
        "      if (states.length > 0) yield* snapshots.keep(cache.at, states)\n",
        `      if (states.length === 0) return
      yield* snapshots.keep(older ?? cache.at, states)
      older = cache.at
`
      ]
    ]
  },
  "snapshot sees an event twice": one(
    snapshots,
    "{ from: position + 1, to: head }",
    "{ from: Math.max(position, 1), to: head }"
  ),
  "snapshot misses an event": one(
    snapshots,
    "{ from: position + 1, to: head }",
    "{ from: position === 0 ? 1 : position + 2, to: head }"
  )
}

/** In keys and answers. */
const answers: { readonly [name: string]: Bug } = {
  "fingerprint not compared": one(
    group,
    "    return recorded.meta.fingerprint === fingerprint\n",
    "    return recorded.meta.fingerprint !== undefined\n"
  ),
  "two of a key decided in a group": one(
    group,
    "  const before = members.get(identity)\n",
    "  const before = members.get(`${identity} `)\n"
  ),
  "answered before the commit": one(
    committing,
    "    const appended = yield* Effect.result(log.append(prepared, group.condition()))\n",
    `    const { after: ahead } = group.condition() as any
    const recordedAt = "2026-01-01T00:00:00.000Z"
    yield* answering.answer(group.members, results, { first: ahead.position + 1, recordedAt } as any)
    const appended = yield* Effect.result(log.append(prepared, group.condition()))
`
  ),
  "answer of the head": one(
    showing,
    "FoldOne.fold(log, view.placed, key, { to: answered.position })",
    "FoldOne.fold(log, view.placed, key)"
  ),
  "unknown told as no": one(
    failures,
    'executed: error.reason === "unknown" ? "unknown" : "no", message',
    'executed: "no", message'
  ),
  "an unknown end is not looked up": one(
    answering,
    "        const found = yield* Effect.result(find(member.instruction))\n",
    "        const found = yield* Effect.result(Effect.as(find(member.instruction), undefined as Answered | undefined))\n",
    "Unknown is said of what is in the log, which is true: the caller asks again."
  ),
  "a caller that left takes effect": one(
    executor,
    "  queue.leave(waiting)\n",
    "",
    "A caller that is interrupted cannot know whether its turn had come."
  )
}

/** In tasks of the ledger. */
const tasks: { readonly [name: string]: Bug } = {
  "claim ignored": one(
    settlement,
    "const mine = !claim.replayed && claim.events.some(({ type }) => submitted.includes(type))",
    "const mine = true"
  ),
  "a repeated claim taken for one's own": one(settlement, "const mine = !claim.replayed && ", "const mine = "),
  "submitted again where the ledger never heard": one(
    settlement,
    "      ? yield* find(task)\n",
    "      ? ((yield* ask(task)) ?? (yield* submit(task)))\n"
  ),
  "the ledger told of more units than were asked for": one(
    settlement,
    "const task = { taskId: taskIdOf(event), productId, units }",
    "const task = { taskId: taskIdOf(event), productId, units: units + (units > 8 ? 1 : 0) }"
  ),
  "a missed payment is noticed a day late": one(
    "registrar/src/reactors/PaymentDeadlines.ts",
    "rank < at.micros)",
    "rank < at.micros - 86_400_000_000)"
  ),
  "an outcome is not looked for once its place is read": one(
    place,
    "    for (const outcome of outcomes.values()) yield* headAfter(parts.log, outcome)\n",
    ""
  ),
  "progress past what is under way": one(
    place,
    "    if (event.outcome === undefined) break\n",
    "    if (event.outcome === undefined) continue\n"
  )
}

/** In what has to be done by itself. */
const reactors: { readonly [name: string]: Bug } = {
  "units that arrive have no statement": one(
    "registrar/src/reactors/Statements.ts",
    "    const before = yield* FoldOne.fold(log, Projections.investments, id, { to: position - 1 })\n",
    `    const before = yield* FoldOne.fold(log, Projections.investments, id, { to: position - 1 })
    if (before === undefined) return
`
  ),
  "a freeze is told of one entry alone": one(
    "registrar/src/reactors/Statements.ts",
    "isFreeze(event) ? yield* bound(log, event) : Projections.investments.keys(event)",
    "isFreeze(event) ? (yield* bound(log, event)).slice(0, 1) : Projections.investments.keys(event)"
  ),
  "the content of an erased document stays": one(
    "registrar/src/reactors/Forgetting.ts",
    'if (event.type === "DocumentErased") yield* blobs.remove(event.data.documentId)',
    'if (event.type === "DocumentErased") yield* blobs.keep(event.data.documentId)'
  ),
  "investors are erased two days late": one(
    "registrar/src/reactors/Retention.ts",
    "if (!RetentionPeriod.isDueAt(retention, at)) return due",
    "if (at.micros < due.micros + 172_800_000_000) return due"
  )
}

/** In what is shown. */
const shows: { readonly [name: string]: Bug } = {
  "platform not checked by reads": one(
    showing,
    "kept === undefined || kept.placed.state.platform !== (platform ?? null)",
    "kept === undefined || platform === undefined"
  ),
  "erased still shown": {
    file: showing,
    edits: [
      ["  return erased\n})", "  return new Set<string>(erased.size > 1_000 ? erased : [])\n})"],
      [
        'const isGone = isErased(state) ?? erased.has(projection.subject?.(state) ?? "")',
        'const isGone = erased.has("")'
      ]
    ]
  },
  "kept object not brought to the head": one(
    "registrar/src/api/KeptObjects.ts",
    "FoldOne.foldEvents(Placed.placed(projection), key, events, entry.placed) ?? entry.placed",
    "entry.placed"
  ),
  "list misses the last of a part": one(
    lists,
    "        for (const event of events)\n",
    "        for (const event of events.length > 1 ? events.slice(0, -1) : events)\n"
  ),
  "subscription skips where it waited": one(
    reading,
    "? { from: at + 1, to: last.position, adjacent: false }",
    "? { from: at + 2, to: last.position, adjacent: false }"
  ),
  "wake-up lost between look and wait": one(
    wake,
    "          if (own !== before.own || others !== before.others) return resume(Effect.succeed(after))\n",
    ""
  ),
  "busy subscription misses what others appended": one(
    reading,
    "wake.wait(query, last, { ...told, others: heard })",
    "wake.wait(query, last, told)"
  ),
  "object folded at two heads": one(
    foldOne,
    "  const others = few ? yield* log.readAll(more, { to, limit: keptEvents + 1 }) : []\n",
    "  const others = few ? yield* log.readAll(more, { limit: keptEvents + 1 }) : []\n"
  )
}

/** In what makes a log provable. */
const proofs: { readonly [name: string]: Bug } = {
  "a start asks for no MAC": one(
    "event-store/src/transparency/Sealer.ts",
    "    if (options.macs !== undefined) yield* sealing.take\n",
    ""
  ),
  "a start asks for no anchor": one(
    "event-store/src/transparency/SealedTree.ts",
    "  if (Result.isSuccess(judged)) return judged.success\n",
    "  if (Result.isSuccess(judged) || judged.failure.message !== undefined) return undefined\n"
  ),
  "no body is held against its leaf": one(
    "event-store/src/transparency/Inspection.ts",
    '    if (own !== leaf) parted.push({ position, leaf: Buffer.from(own, "hex") })\n',
    ""
  )
}

/** In the client. */
const clients: { readonly [name: string]: Bug } = {
  "a key of its own for each attempt": {
    file: "http/src/client/ClientRetry.ts",
    edits: [
      [
        "    const numbered = told(HttpClientRequest.setHeader(request, attemptHeader, `${number}/${attempts}`), left)\n",
        `    const key = request.headers["x-idempotency-key"]
    const own = key === undefined ? request : HttpClientRequest.setHeader(request, "x-idempotency-key", key + "-" + number)
    const numbered = told(HttpClientRequest.setHeader(own, attemptHeader, \`\${number}/\${attempts}\`), left)
`
      ]
    ],
    http: true
  },
  "doubt forgotten": {
    file: "http/src/client/ClientRetry.ts",
    edits: [['      if (verdict.executed === "unknown") call.isDoubtful = true\n', ""]],
    http: true
  },
  "a reset told as never sent": {
    file: "http/src/client/ClientAttempt.ts",
    edits: [['error.syscall === "connect" ||', 'error.syscall === "connect" || error.syscall === "read" ||']],
    http: true
  },
  "the server takes one key for another": {
    file: "http/src/contract/IdempotencyKey.ts",
    edits: [["    : Result.succeed(keys[0])", "    : Result.succeed(keys[0]?.slice(0, 9))"]],
    http: true
  }
}

/** No bug: something that may be otherwise. What finds them is wrong itself. */
const controls: { readonly [name: string]: Bug } = {
  "control: one more yield before an append": one(
    committing,
    "    const appended = yield* Effect.result(log.append(prepared, group.condition()))\n",
    `    yield* Effect.yieldNow
    const appended = yield* Effect.result(log.append(prepared, group.condition()))
`,
    "It takes a moment longer."
  ),
  "control: one more yield before a list": one(
    showing,
    "        const { places, results, ...rest } = yield* readModels.page(view.projection, scope, page)\n",
    `        yield* Effect.yieldNow
        const { places, results, ...rest } = yield* readModels.page(view.projection, scope, page)
`,
    "It takes a moment longer."
  )
}

/** All of them, by name. */
export const bugs: { readonly [name: string]: Bug } = {
  ...conditions,
  ...sights,
  ...rules,
  ...answers,
  ...tasks,
  ...reactors,
  ...shows,
  ...proofs,
  ...clients,
  ...deliveries,
  ...controls
}
