/**
 * The requests of a platform about what is known of its investors, made of steps. For the clients of a simulation. All people are invented.
 */
import { Id } from "@effekten/domain"
import { Api, Investors } from "@effekten/services"
import { Effect, Schema } from "effect"
import { asking, known, type Reader, request } from "./Reading.ts"
import type { StepKind } from "./Steps.ts"

const patch = Schema.decodeUnknownSync(Api.AmendInvestor)
const benefiting = Schema.decodeUnknownSync(Api.CreateBenefitingPerson)

/** Mostly what proves nothing; now and then a name, a flag, or something that is taken away. */
const patches = [
  (n: number) => ({ natural_person: { phone: `+49 000 ${n % 5}` } }),
  (n: number) => ({ natural_person: { street: `Musterweg ${n % 5}`, salutation: null } }),
  (n: number) => ({ communication: { email: `erika${n % 5}@example.org`, email_confirmed: n % 2 === 0 } }),
  () => ({ communication: null }),
  (n: number) => ({
    tax_information: { tax_identification_number: `0000${n % 5}`, non_assessment_certificate: false }
  }),
  (n: number) => ({ natural_person: { surname: `Beispiel ${n % 5}` } }),
  (n: number) => ({ natural_person: n % 3 === 0 ? { is_pep: true } : { is_subject_to_us_tax: n % 3 === 1 } }),
  (n: number) => ({ legal_person: { company_name: `Muster ${n % 5} GmbH` } })
] as const

/** @category conversions */
export const investorReaders = {
  amendInvestor: (step, knows) => {
    const id = known(knows.world.investors, step.a)
    const found = knows.world.investors.get(id)
    const own = new Map(
      [...knows.world.documents].filter(([, { erased, platform }]) => !erased && platform === found?.platform)
    )
    const input = patch(
      found?.legal === true && step.c % 2 === 0
        ? { legal_person: { company_structure_proof_id: known(own, step.d) } }
        : patches[step.b % patches.length]!(step.c)
    )
    const platform = asking(knows, step, found?.platform)
    return request("Investors.amend", { platform, operation: "AmendInvestor", ids: [id], input }, (options) =>
      Effect.flatMap(Investors, (investors) => investors.amend(Id.InvestorId.make(id), input, options))
    )
  },
  benefit: (step, knows) => {
    const legal = new Map([...knows.world.investors].filter(([, person]) => step.b % 7 === 0 || person.legal))
    const id = known(legal.size === 0 ? knows.world.investors : legal, step.a)
    const input = benefiting({
      natural_person: { forename: "Wilma", surname: `Beispiel ${step.c}`, is_pep: step.c % 6 === 0 }
    })
    const platform = asking(knows, step, knows.world.investors.get(id)?.platform)
    return request(
      "Investors.addBenefitingPerson",
      { platform, operation: "AddBenefitingPerson", ids: [id], input },
      (options) =>
        Effect.flatMap(Investors, (investors) => investors.addBenefitingPerson(Id.InvestorId.make(id), input, options))
    )
  }
} satisfies { readonly [Kind in StepKind]?: Reader }
