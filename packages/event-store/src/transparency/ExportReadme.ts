/**
 * The page that goes with an export: what the files are, and how an auditor checks them, with this program and without. For auditors,
 * perhaps years later: it must need no other page.
 */
import type { Checkpoint } from "./Checkpoint.ts"

/** @category running */
export const auditorsReadme = ({ origin, size, root }: Checkpoint): string => `# A log, exported to be verified

The first ${size} events of the log \`${origin}\`, with root \`${Buffer.from(root).toString("base64")}\`.

| file | what |
| --- | --- |
| \`events.jsonl\` | one event in a line, byte for byte as it was stored; the number of the line is its position, from 1 |
| \`checkpoint\` | the last checkpoint: origin, number of events, root, signatures ([signed note](https://c2sp.org/signed-note), [tlog-checkpoint](https://c2sp.org/tlog-checkpoint)) |
| \`checkpoints\` | every checkpoint, oldest first, each followed by an empty line |
| \`keys\` | the public keys (Ed25519) that sign or signed, one in a line: name, id, Base64 of a one byte and the key |
| \`tile/\` | the hashes of the tree ([tlog-tiles](https://c2sp.org/tlog-tiles)) |

Personal data is not in the events. Where an event has some, \`personal.hash\` is the SHA-256 of its ciphertext. The ciphertext stays with
the operator of the log, and can be destroyed there without any hash here changing.

## How to verify

1. Compare \`keys\` with the keys that you received by another route, and \`checkpoints\` with the checkpoints that you kept. An attacker who
   can rewrite everything here can also sign with another key.
2. With this program: \`npx effekten verify DIR\` (\`--keys FILE\`, \`--checkpoint FILE\` for what you kept). Exit code 0: all is as signed.
   Exit code 3: it is not, and the program names the event.
3. Without it: the leaf of a line is SHA-256 over a zero byte and the bytes of the line without its newline. A node is SHA-256 over a one
   byte and its two children. The tree is that of [RFC 6962](https://www.rfc-editor.org/rfc/rfc6962#section-2.1). For every checkpoint, the
   root over the first \`size\` lines is the root that it names, and its signature is by a key you know. In Go:
   \`golang.org/x/mod/sumdb/note\` and \`golang.org/x/mod/sumdb/tlog\`.

That every checkpoint fits the same lines proves that the log only ever grew between them.
`
