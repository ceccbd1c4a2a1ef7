/**
 * A register in PostgreSQL is updated while requests run: node by node, from one program to the next. No list is empty or of the other
 * version's states, no request fails, no recorded answer changes. For an operator that updates nodes, and for an author that raises a version.
 *
 * There are three programs. The second knows a later projection, event and answer than the first, and writes what the first reads. The third
 * writes the later versions.
 */
import { Events, Id, KycStatus, Timestamp } from "@effekten/domain"
import { DistributionServer, OAuth, OAuthStore } from "@effekten/http"
import { type Projection, Projections, ReadModelAudit } from "@effekten/projections"
import { Audit, Implement, Intake, KeptLists, Log, Registrar, Sealing, Showing } from "@effekten/registrar"
import { Answer, listed, Member, Platforms, PlatformServices, Resource, scopes } from "@effekten/services"
import { Context, Effect, Exit, Layer, Option, Redacted, Schema, Scope, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpServer } from "effect/http"
import { expect, it } from "vitest"
import { useServer } from "../packages/event-store/test/PgServer.ts"
import { before, body, given, inputWith, key, missing, operationsWith } from "./People.ts"

const postgres = useServer()
const schema = "rolling"
const masterKey = Redacted.make(new Uint8Array(32).fill(7))
const secret = Redacted.make("a secret for tests only, 256 bits")

/** The states of the later version say so; those of the version before have no such member. */
interface Later extends Projections.InvestorState {
  readonly since: 2
}
const { brings: _, ...investors } = Projections.investors
const later: Projection.Projection<Later> = {
  ...investors,
  version: Projections.investors.version + 1,
  evolve: (state, event, key) => {
    const after = Projections.investors.evolve(state, event, key)
    return after === undefined ? undefined : { ...after, since: 2 }
  }
}
const laterProjections = [later, ...Projections.all.filter(({ name }) => name !== later.name)]

const laterAnswer = Answer.next(
  before,
  2,
  Member.answer("Person", {
    id: Id.InvestorId,
    status: listed(KycStatus.KycStatus),
    since: Schema.Literal(2),
    createdAt: Timestamp.Timestamp
  }),
  (shown) => ({ ...shown, since: 2 as const })
)

const salutations = inputWith(["MR", "MRS"])
const ofBefore = operationsWith(salutations, before)
const ofReading = operationsWith(salutations, Answer.recordedAs(laterAnswer, 1))
const ofWriting = operationsWith(salutations, laterAnswer)

class Before extends Resource.Service<Before>()("test/Rolling", "people", ofBefore) {}
class Reading extends Resource.Service<Reading>()("test/Rolling", "people", ofReading) {}
class Writing extends Resource.Service<Writing>()("test/Rolling", "people", ofWriting) {}

/** A state of the other version fails the request. */
const shownBefore = Implement.view(before, Projections.investors, {
  1: (state) => {
    if ("since" in state) throw new Error("a state of the later version")
    return { id: state.id, status: state.kycStatus, createdAt: state.createdAt }
  }
})
const shownLater = Implement.view(laterAnswer, later, {
  1: ({ createdAt, id, kycStatus }) => ({ id, status: kycStatus, createdAt }),
  2: ({ createdAt, id, kycStatus, since }) => ({ id, status: kycStatus, since, createdAt })
})

interface Program {
  readonly name: string
  readonly resource: Resource.AnyService
  readonly implement: (context: Context.Context<Intake | Showing>) => Implement.Implementation<any>
  readonly projections: ReadonlyArray<Projection.Any>
  readonly event: unknown
  /** What an object in a list has, beyond what every version has. */
  readonly shows: ReadonlyArray<string>
}

const registered = Events.InvestorRegistered
const raised = {
  ...registered,
  version: registered.version + 1,
  upcasters: { ...registered.upcasters, [registered.version]: (data: unknown) => data }
}

const programs: readonly [Program, Program, Program] = [
  {
    name: "before",
    resource: Before,
    implement: (context) =>
      Implement.implement(
        { key: Before.key, operations: ofBefore },
        {
          create: Implement.instructs(ofBefore.create, {
            members: { isBeneficiary: "ownAccount" },
            given,
            answers: Implement.made(shownBefore)
          }),
          get: Implement.shows(ofBefore.get, { view: shownBefore, key, missing }),
          list: Implement.pages(ofBefore.list, { view: shownBefore })
        },
        context
      ),
    projections: Projections.all,
    event: registered,
    shows: []
  },
  {
    name: "reading",
    resource: Reading,
    implement: (context) => implementLater(Reading.key, ofReading, context),
    projections: laterProjections,
    event: { ...raised, writtenAs: { version: registered.version, data: (data: unknown) => data } },
    shows: ["since"]
  },
  {
    name: "writing",
    resource: Writing,
    implement: (context) => implementLater(Writing.key, ofWriting, context),
    projections: laterProjections,
    event: raised,
    shows: ["since"]
  }
]

function implementLater(
  service: "test/Rolling",
  operations: typeof ofWriting,
  context: Context.Context<Intake | Showing>
): Implement.Implementation<any> {
  return Implement.implement(
    { key: service, operations },
    {
      create: Implement.instructs(operations.create, {
        members: { isBeneficiary: "ownAccount" },
        given,
        answers: Implement.made(shownLater)
      }),
      get: Implement.shows(operations.get, { view: shownLater, key, missing }),
      list: Implement.pages(operations.list, { view: shownLater })
    },
    context
  )
}

interface Node {
  readonly program: Program
  readonly origin: string
  readonly authorization: string
  readonly stop: () => Promise<void>
  /** Whether the whole log is signed, which is so only where every append bears its MAC. */
  readonly isSigned: () => Promise<boolean>
  readonly inFlight: Set<Promise<unknown>>
  /** What it has answered. */
  readonly done: { lists: number; creates: number; repeats: number }
}

/** Builds a register whose catalogue has the program's version of an event. */
const registerOf = ({ event, projections }: Program) => {
  const events: { [type: string]: unknown } = Events.catalogue.events
  return Effect.acquireUseRelease(
    Effect.sync(() => (events["InvestorRegistered"] = event)),
    () =>
      Layer.build(
        Layer.fresh(
          Registrar.layerPostgres({
            server: postgres.server(),
            schema,
            masterKey,
            projections,
            sandbox: true,
            sealing: { interval: "100 millis", quiet: "20 millis" }
          })
        )
      ),
    () => Effect.sync(() => (events["InvestorRegistered"] = registered))
  )
}

const start = async (program: Program): Promise<Node> => {
  const scope = Effect.runSync(Scope.make())
  const { isSigned, origin } = await Effect.runPromise(
    Effect.gen(function* () {
      const register = yield* registerOf(program)
      const { id: platform } = yield* Context.get(register, Platforms).register({ name: "p" }, { key: "platform" })
      const services = Implement.servicesOf([program.resource], [program.implement(register)])
      const store = Layer.effectDiscard(
        OAuth.registerClient({ clientId: "client", platform, secret, scopes: [...scopes] })
      ).pipe(Layer.provide(SecureRandom.layerWebCrypto), Layer.provideMerge(OAuthStore.layerMemory))
      const server = yield* Layer.build(
        DistributionServer.layerNode({ port: 0, resources: [program.resource] }).pipe(
          Layer.provide([Layer.succeed(PlatformServices, services), store])
        )
      )
      const isSigned = Effect.gen(function* () {
        const last = yield* Context.get(register, Sealing).last
        return Option.isSome(last) && last.value.size >= (yield* Context.get(register, Log).head)
      })
      return {
        isSigned,
        origin: `${HttpServer.formatAddress(Context.get(server, HttpServer.HttpServer).address)}/api/external`
      }
    }).pipe(Scope.provide(scope))
  )
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: "client",
    client_secret: Redacted.value(secret)
  })
  const token = (await (await fetch(`${origin}/oauth/token`, { method: "POST", body: form })).json()) as {
    readonly access_token: string
  }
  return {
    program,
    origin,
    authorization: `Bearer ${token.access_token}`,
    isSigned: () => Effect.runPromise(isSigned),
    stop: () => Effect.runPromise(Scope.close(scope, Exit.void)),
    inFlight: new Set(),
    done: { lists: 0, creates: 0, repeats: 0 }
  }
}

/** Callers that send to any node there is, one request after the other, until they are told to stop. */
const traffic = (nodes: ReadonlyArray<Node>, seed: number) => {
  const faults: Array<string> = []
  const recorded: Array<{
    readonly key: string
    readonly id: string
    readonly text: string
    readonly version: string
  }> = []
  const over = new AbortController()
  let state = seed
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }

  const send = async (node: Node, path: string, init: RequestInit = {}) => {
    const response = await fetch(`${node.origin}${path}`, {
      ...init,
      headers: { authorization: node.authorization, "content-type": "application/json", ...init.headers }
    })
    const text = await response.text()
    const wrong = (what: string) =>
      faults.push(`${node.program.name}: ${what}: ${init.method ?? "GET"} ${path} ${response.status} ${text}`)
    if (response.status >= 500) wrong("failed")
    return { status: response.status, text, version: response.headers.get("answer-version") ?? "1", wrong }
  }
  const post = (node: Node, key: string) =>
    send(node, "/v2/people/", {
      method: "POST",
      headers: { "x-idempotency-key": key },
      body: JSON.stringify(body("MRS"))
    })

  const create = async (node: Node) => {
    const key = `key-${recorded.length}-${random(1e9)}`
    const { status, text, version, wrong } = await post(node, key)
    if (status !== 201) {
      wrong("not created")
      return
    }
    recorded.push({ key, id: JSON.parse(text).id, text, version })
    node.done.creates++
  }
  const repeat = async (node: Node) => {
    const one = recorded[random(recorded.length)]!
    const { status, text, version, wrong } = await post(node, one.key)
    if (status !== 201 || text !== one.text || version !== one.version) wrong(`not ${one.text} of ${one.version}`)
    node.done.repeats++
  }
  const list = async (node: Node) => {
    const known = recorded.length
    const { status, text, wrong } = await send(node, "/v2/people/?limit=500")
    if (status !== 200) {
      wrong("not listed")
      return
    }
    const { count, results } = JSON.parse(text) as { count: number; results: ReadonlyArray<object> }
    if (count < known || results.length !== Math.min(count, 500)) wrong(`fewer than the ${known} that are known`)
    const expected = ["id", "status", ...node.program.shows, "created_at"].join()
    if (results.some((shown) => Object.keys(shown).join() !== expected)) wrong("another version's objects")
    node.done.lists++
  }
  const get = async (node: Node) => {
    const { status, wrong } = await send(node, `/v2/people/${recorded[random(recorded.length)]!.id}/`)
    if (status !== 200) wrong("not shown")
  }

  const caller = async () => {
    while (!over.signal.aborted) {
      const node = nodes[random(nodes.length)]!
      const what = recorded.length === 0 ? create : [create, create, repeat, repeat, list, list, get][random(7)]!
      const request = what(node).catch((error: unknown) => void faults.push(`${node.program.name}: ${String(error)}`))
      node.inFlight.add(request)
      await request
      node.inFlight.delete(request)
    }
  }
  const callers = Array.from({ length: 4 }, caller)
  return {
    faults,
    recorded,
    end: () => {
      over.abort()
      return Promise.all(callers)
    }
  }
}

/** Until every node has answered some more of each kind. The bound is for what never comes about, not for a machine that is busy. */
const goneOn = async (nodes: ReadonlyArray<Node>, faults: ReadonlyArray<string>) => {
  const from = nodes.map(({ done }) => ({ ...done }))
  const until = Date.now() + 120_000
  const has = ({ done }: Node, index: number) =>
    done.lists >= from[index]!.lists + 8 &&
    done.creates >= from[index]!.creates + 8 &&
    done.repeats >= from[index]!.repeats + 8
  while (!nodes.every(has)) {
    if (faults.length > 0) throw new Error(faults.slice(0, 5).join("\n"))
    if (Date.now() > until) throw new Error(`no progress: ${JSON.stringify(nodes.map(({ done }) => done))}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

it("nodes are replaced one after the other while requests run: no list is empty or of another version, and nothing fails", async () => {
  const seed = Number(process.env["SEED"] ?? Date.now() % 1e9)
  console.log(`SEED=${seed}`)
  const nodes = [await start(programs[0]), await start(programs[0])]
  const { end, faults, recorded } = traffic(nodes, seed)
  // Persons that were there when the last node of the program of before ended.
  let readable = 0
  try {
    await goneOn(nodes, faults)
    for (const program of programs.slice(1))
      for (let replaced = 1; replaced <= 2; replaced++) {
        nodes.push(await start(program))
        await goneOn(nodes, faults)
        const [old] = nodes.splice(0, 1)
        await Promise.all(old!.inFlight)
        await old!.stop()
        if (old!.program === programs[0]) readable = recorded.length
        await goneOn(nodes, faults)
      }
    await end()
    // Programs of all versions have written MACs that the last one takes for right.
    const until = Date.now() + 120_000
    while (!(await nodes[0]!.isSigned())) {
      if (Date.now() > until) throw new Error("the log is not signed to its end")
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  } finally {
    await end()
    for (const node of nodes) await node.stop()
  }
  expect(faults.slice(0, 5)).toEqual([])
  // What the program of before cannot read was written once it was gone, and not before.
  expect(new Set(recorded.map(({ version }) => version))).toEqual(new Set(["1", "2"]))
  const { lists, versions } = await Effect.runPromise(
    Effect.gen(function* () {
      const bodies = yield* Stream.runCollect((yield* Audit).readStored())
      const events = bodies.map(({ body }) => JSON.parse(body) as { readonly type: string; readonly version: number })
      return {
        lists: yield* (yield* KeptLists).all,
        versions: events.flatMap(({ type, version }) => (type === "InvestorRegistered" ? [version] : []))
      }
    }).pipe(
      Effect.provide([
        Audit.layerPostgres({ server: postgres.server(), schema }),
        KeptLists.layerPostgres({ server: postgres.server(), schema })
      ]),
      Effect.scoped
    )
  )
  expect(new Set(versions.slice(0, readable))).toEqual(new Set([registered.version]))
  expect(new Set(versions)).toEqual(new Set([registered.version, raised.version]))
  expect(versions).toHaveLength(recorded.length)
  const ofPeople: ReadonlyArray<ReadModelAudit.KeptList> = lists.filter(({ name }) => name === later.name)
  expect(ofPeople.map(({ failure, version }) => [version, failure])).toEqual([
    [Projections.investors.version, undefined],
    [later.version, undefined]
  ])
})
