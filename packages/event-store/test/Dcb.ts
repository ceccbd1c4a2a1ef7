/**
 * The examples of dcb.events over a log of this package, each as short as its idea. For the tests that race them, and for a reader who looks
 * for a pattern.
 */
import { Effect, Result, Schema } from "effect"
import { randomUUID } from "node:crypto"
import { type Catalogue, Deciding, type EventStoreShape } from "@effekten/event-store"

const define = <const F extends Schema.Struct.Fields>(
  fields: F,
  tags: (data: Schema.Struct.Type<F>) => ReadonlyArray<string>
) => ({ version: 1, upcasters: {}, data: Schema.Struct(fields), tags })

const { Number, String } = Schema

const ofCourse = ({ course }: { readonly course: string }) => [`course:${course}`]
const ofName = ({ username }: { readonly username: string }) => [`username:${username}`]
const ofProduct = ({ product }: { readonly product: string }) => [`product:${product}`]

const events = {
  CourseDefined: define({ course: String, capacity: Number }, ofCourse),
  CourseCapacityChanged: define({ course: String, capacity: Number }, ofCourse),
  StudentSubscribed: define({ course: String, student: String }, ({ course, student }) => [
    `course:${course}`,
    `student:${student}`
  ]),
  AccountRegistered: define({ username: String }, ofName),
  AccountClosed: define({ username: String }, ofName),
  UsernameChanged: define({ username: String, to: String }, ({ to, username }) => [
    `username:${username}`,
    `username:${to}`
  ]),
  InvoiceCreated: define({ number: Number }, () => []),
  SignUpInitiated: define({ email: String, otp: String, minute: Number }, ({ email, otp }) => [
    `email:${email}`,
    `otp:${otp}`
  ]),
  SignUpConfirmed: define({ email: String, otp: String }, ({ email, otp }) => [`email:${email}`, `otp:${otp}`]),
  ProductDefined: define({ product: String, price: Number }, ofProduct),
  PriceChanged: define({ product: String, price: Number, minute: Number }, ofProduct),
  ProductOrdered: define({ product: String, price: Number }, ofProduct),
  OrderPlaced: define({ order: String, token: String }, ({ order, token }) => [`order:${order}`, `token:${token}`])
}

type Events = typeof events

export type DcbEvent = {
  readonly [T in keyof Events]: { readonly type: T; readonly data: Events[T]["data"]["Type"]; readonly meta: {} }
}[keyof Events]

export const catalogue: Catalogue<DcbEvent> = { meta: Schema.Struct({}), events }

type Log = EventStoreShape<DcbEvent>

export const event = <T extends DcbEvent["type"]>(type: T, data: Extract<DcbEvent, { readonly type: T }>["data"]) =>
  ({ id: randomUUID(), type, data, meta: {} }) as Extract<DcbEvent, { readonly type: T }> & { readonly id: string }

const { decide, read, refuse } = Deciding
const model = Deciding.modelOf<DcbEvent>()

/* 1 Course subscriptions: a rule that spans a course and a student, each with a limit of its own. */

const Course = (course: string) =>
  model({
    name: "Course",
    types: ["CourseDefined", "CourseCapacityChanged", "StudentSubscribed"],
    tags: [`course:${course}`],
    initial: { capacity: 0, taken: 0 },
    evolve: (state, event) =>
      event.type === "StudentSubscribed"
        ? { ...state, taken: state.taken + 1 }
        : { ...state, capacity: event.data.capacity }
  })

const CoursesOf = (student: string) =>
  model({
    name: "CoursesOf",
    types: ["StudentSubscribed"],
    tags: [`student:${student}`],
    initial: [] as ReadonlyArray<string>,
    evolve: (courses, { data }) => [...courses, data.course]
  })

export const subscribe = (log: Log, course: string, student: string) =>
  decide(log, { course: Course(course), courses: CoursesOf(student) }, function* (now) {
    if (now.courses.includes(course)) return []
    if (now.course.taken >= now.course.capacity) return yield* refuse("course_full")
    if (now.courses.length >= 5) return yield* refuse("too_many_courses")
    return [event("StudentSubscribed", { course, student })]
  })

/* 2 Unique username: free again once its account is closed or has another name. */

const Claimed = (username: string) =>
  model({
    name: "Claimed",
    types: ["AccountRegistered", "AccountClosed", "UsernameChanged"],
    tags: [`username:${username}`],
    initial: false,
    evolve: (_, event) =>
      event.type === "AccountRegistered" || (event.type === "UsernameChanged" && event.data.to === username)
  })

export const register = (log: Log, username: string) =>
  decide(log, { claimed: Claimed(username) }, function* ({ claimed }) {
    return claimed ? yield* refuse("username_taken") : [event("AccountRegistered", { username })]
  })

export const rename = (log: Log, username: string, to: string) =>
  decide(log, { mine: Claimed(username), claimed: Claimed(to) }, function* ({ claimed, mine }) {
    if (!mine) return yield* refuse("no_such_account")
    return claimed ? yield* refuse("username_taken") : [event("UsernameChanged", { username, to })]
  })

/* 3 Invoice number: one after the other without a gap. The last one is enough, and every caller wants the next: so under the lock. */

export const invoice = (log: Log) =>
  log.appendExclusive(
    0,
    [{ types: ["InvoiceCreated"] }],
    ([last]) => {
      const number = last?.type === "InvoiceCreated" ? last.data.number + 1 : 1
      return Result.succeed({ events: [event("InvoiceCreated", { number })], answer: number })
    },
    { backwards: true, limit: 1 }
  )

/* 4 Opt-in token: used once, by its address, within an hour. */

const SignUp = (email: string, otp: string) =>
  model({
    name: "SignUp",
    types: ["SignUpInitiated", "SignUpConfirmed"],
    tags: [`email:${email}`, `otp:${otp}`],
    initial: { since: Infinity, confirmed: false },
    evolve: (state, event) =>
      event.type === "SignUpInitiated" ? { ...state, since: event.data.minute } : { ...state, confirmed: true }
  })

export const confirm = (log: Log, email: string, otp: string, minute: number) =>
  decide(log, { signUp: SignUp(email, otp) }, function* ({ signUp }) {
    if (signUp.since === Infinity) return yield* refuse("no_such_token")
    if (signUp.confirmed) return yield* refuse("token_used")
    if (minute - signUp.since > 60) return yield* refuse("token_expired")
    return [event("SignUpConfirmed", { email, otp })]
  })

/* 5 Dynamic product price: the price that was shown holds for ten minutes after it changed. */

const Prices = (product: string) =>
  model({
    name: "Prices",
    types: ["ProductDefined", "PriceChanged"],
    tags: [`product:${product}`],
    initial: [] as ReadonlyArray<{ readonly price: number; readonly until: number }>,
    evolve: (prices, { data }) => [
      ...prices.map((each) => ("minute" in data ? { ...each, until: Math.min(each.until, data.minute + 10) } : each)),
      { price: data.price, until: Infinity }
    ]
  })

export const order = (log: Log, product: string, price: number, minute: number) =>
  decide(log, { prices: Prices(product) }, function* ({ prices }) {
    if (!prices.some((each) => each.price === price && minute <= each.until)) return yield* refuse("price_changed")
    return [event("ProductOrdered", { product, price })]
  })

/* 6 Event-sourced aggregate: one tag, all its events, and a method that decides. A model of one tag is just that. */

export const changeCapacity = (log: Log, course: string, by: number) =>
  decide(log, {}, function* () {
    const { capacity, taken } = yield* read(Course(course))
    if (capacity + by < taken) return yield* refuse("course_in_use")
    return [event("CourseCapacityChanged", { course, capacity: capacity + by })]
  })

/* 7 Prevent record duplication: a token that the client made takes effect once. A repeat finds what was placed. */

const PlacedBy = (token: string) =>
  model({
    name: "PlacedBy",
    types: ["OrderPlaced"],
    tags: [`token:${token}`],
    initial: undefined as string | undefined,
    evolve: (_, { data }) => data.order
  })

export const place = (log: Log, token: string, order: string) =>
  decide(log, { placed: PlacedBy(token) }, function* ({ placed }) {
    return placed === undefined ? [event("OrderPlaced", { order, token })] : yield* refuse({ placed })
  }).pipe(
    Effect.as(order),
    Effect.catchIf(
      (refused) => "placed" in refused,
      ({ placed }) => Effect.succeed(placed)
    )
  )
