/** An investor that was registered years ago. For the tests of what is done when their time is over. */
import { Api } from "@effekten/services"
import { Clock, Effect, Schema } from "effect"

/** An id that no investor has. */
export const somebody = Schema.decodeUnknownSync(Api.CreateInvestor)({
  natural_person: {
    forename: "Wilma",
    surname: "Beispiel",
    birth_date: "1988-02-29",
    birth_place: "Musterstadt",
    citizenship: "DEU",
    street: "Erfundene Gasse 1",
    city: "Musterstadt",
    zip: "99999",
    country: "DEU",
    phone: "+49 000 000",
    is_pep: false
  },
  is_beneficiary: true
})

/** A clock that is behind by so many days. */
export const behind =
  (days: number) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.flatMap(Clock.Clock, (clock) => {
      const millis = days * 86_400_000
      const nanos = BigInt(millis) * 1_000_000n
      return Effect.provideService(effect, Clock.Clock, {
        ...clock,
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() - millis,
        currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now - millis),
        currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe() - nanos,
        currentTimeNanos: Effect.map(clock.currentTimeNanos, (now) => now - nanos),
        sleep: (duration) => clock.sleep(duration)
      })
    })
