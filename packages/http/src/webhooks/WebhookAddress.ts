/**
 * Which addresses a webhook may be delivered to. For the sender: an address that a platform chose must not lead into the operator's network.
 *
 * A name is resolved once, and the connection goes to the address that was checked. Never resolve it a second time.
 */
import { Data, Effect } from "effect"
import { lookup } from "node:dns/promises"
import { BlockList, isIP } from "node:net"

/** @category models */
export interface Address {
  readonly address: string
  readonly family: 4 | 6
}

/** The name leads nowhere, or to an address that is not public. @category errors */
export class AddressRefused extends Data.TaggedError("AddressRefused")<{ readonly message: string }> {}

const blockListOf = (family: "ipv4" | "ipv6", subnets: ReadonlyArray<string>): BlockList => {
  const list = new BlockList()
  for (const subnet of subnets) {
    const [net, prefix] = subnet.split("/") as [string, string]
    list.addSubnet(net, Number(prefix), family)
  }
  return list
}

/** What no host of the public internet has (IANA IPv4 Special-Purpose Address Registry), and multicast. */
const notPublic4 = blockListOf("ipv4", [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3"
])

/** All public addresses are in here (IANA IPv6 Global Unicast Address Assignments): no mapped, unique-local or link-local one is. */
const unicast6 = blockListOf("ipv6", ["2000::/3"])

/** What of these leads elsewhere: protocol assignments with Teredo, documentation, 6to4. */
const notPublic6 = blockListOf("ipv6", ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"])

/** Whether an address is one of the public internet. @category predicates */
export const isPublic = ({ address, family }: Address): boolean =>
  family === 4
    ? !notPublic4.check(address, "ipv4")
    : unicast6.check(address, "ipv6") && !notPublic6.check(address, "ipv6")

/** How names are resolved: all addresses of a name. @category models */
export type Resolve = (name: string) => Promise<ReadonlyArray<Address>>

/** As the operating system does. @category values */
export const systemResolve: Resolve = async (name) =>
  (await lookup(name, { all: true, verbatim: true })).map(({ address, family }) => ({
    address,
    family: family === 6 ? 6 : 4
  }))

/** The address to connect to. Unless private ones are allowed, every address of the name has to be public. @category computing */
export const addressOf = Effect.fnUntraced(function* (
  url: URL,
  options: { readonly allowPrivate: boolean; readonly resolve: Resolve }
): Effect.fn.Return<Address, AddressRefused> {
  const name = url.hostname.replace(/^\[(.*)\]$/, "$1")
  const family = isIP(name)
  const found: ReadonlyArray<Address> =
    family === 0
      ? yield* Effect.tryPromise({
          try: () => options.resolve(name),
          catch: () => new AddressRefused({ message: `${name} cannot be resolved` })
        })
      : [{ address: name, family: family === 6 ? 6 : 4 }]
  const [first] = found
  if (first === undefined) return yield* new AddressRefused({ message: `${name} has no address` })
  if (!options.allowPrivate && !found.every(isPublic))
    return yield* new AddressRefused({ message: `${name} has an address that is not public` })
  return first
})
