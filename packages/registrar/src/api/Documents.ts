/**
 * Documents, embedded: the content is kept before its event is recorded. For the services of a platform.
 */
import { Id } from "@effekten/domain"
import { Projections } from "@effekten/projections"
import { Api, type CommandFailure, Documents, maximumDocumentSize, Rejection } from "@effekten/services"
import { type Context, Effect, Exit, Option } from "effect"
import { createHash } from "node:crypto"
import { noEffect } from "../base/Failures.ts"
import type { Blobs } from "../documents/Blobs.ts"
import { carries, implement, type Implementation, type Instructs, made, pages, shows } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import type { Showing } from "./Showing.ts"
import { erased, personalOf, view } from "./View.ts"

interface DocumentPersonal {
  readonly fileName: string
  readonly mediaType: string
  readonly digest: string
}

const document = view(Api.documentAnswer, Projections.documents, {
  1: (state, personal) => {
    const known = personalOf<DocumentPersonal>(personal, state.personalAt[0])
    return {
      id: state.id,
      fileName: known?.fileName ?? erased,
      mediaType: known?.mediaType ?? erased,
      size: state.size,
      sha256: known?.digest ?? erased,
      createdAt: state.createdAt
    }
  }
})

const digestOf = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex")

const tooLarge = new Rejection({
  code: "payload_too_large",
  status: 413,
  message: `A document has at most ${maximumDocumentSize} bytes.`
})

/** Whether a failed instruction has certainly left nothing behind. */
const isWithoutEffect = (exit: Exit.Exit<unknown, CommandFailure>): boolean =>
  Option.exists(Exit.findErrorOption(exit), (failure) => failure._tag !== "Unavailable" || failure.executed === "no")

/** Keeps the content, records the document, and lets go of the content of a document that was not recorded. */
const upload = (blobs: Blobs["Service"]): Instructs<readonly [], Api.UploadDocument, unknown>["carry"] =>
  Effect.fnUntraced(function* (received, { input, newId }, intake) {
    if (input.content.byteLength > maximumDocumentSize) return yield* tooLarge
    const { fileName, mediaType } = input
    // The caller may reuse its buffer while this upload waits its turn.
    const content = input.content.slice()
    const digest = digestOf(content)
    // A repeated upload stores nothing: its content is stored already.
    const before = yield* intake.find(received)
    if (before !== undefined) return before
    const documentId = Id.DocumentId.make(yield* newId)
    return yield* Effect.acquireUseRelease(
      Effect.mapError(blobs.put(documentId, content), noEffect),
      (sealed) =>
        intake.execute({
          ...received,
          command: {
            operation: "UploadDocument",
            input: { documentId, digest: sealed, size: content.byteLength },
            personal: { fileName, mediaType, digest }
          }
        }),
      (_, exit) =>
        // The event decides what becomes of the content. Without an answer, the next start looks at it.
        Effect.ignore(
          exit._tag === "Success" && !exit.value.replayed
            ? blobs.keep(documentId)
            : exit._tag === "Success" || isWithoutEffect(exit)
              ? blobs.remove(documentId)
              : Effect.void
        )
    )
  })

const { operations } = Documents.resource

/** @category constructors */
export const documents = (
  context: Context.Context<Intake | Showing>,
  blobs: Blobs["Service"]
): Implementation<typeof Documents.resource.operations> =>
  implement(
    { key: Documents.key, operations },
    {
      upload: carries(operations.upload, {
        carry: upload(blobs),
        answers: made(document),
        body: ({ content, fileName, mediaType }) => ({
          file_name: fileName,
          media_type: mediaType,
          sha256: digestOf(content)
        })
      }),
      list: pages(operations.list, { view: document }),
      get: shows(operations.get, { view: document, key: ([id]) => id, missing: "document_not_found" })
    },
    context
  )
