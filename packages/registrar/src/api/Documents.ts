/**
 * Documents, embedded: the content is kept before its event is recorded. For the services of a platform.
 */
import { type Commands, Id } from "@effekten/domain"
import { Projections } from "@effekten/projections"
import {
  Api,
  type CommandFailure,
  Documents,
  maximumDocumentSize,
  type Operation,
  Rejection,
  Unavailable,
  uploadBody
} from "@effekten/services"
import { type Context, Effect, Exit, Option, Stream } from "effect"
import { noEffect } from "../base/Failures.ts"
import { type Blobs, measured, type Stored } from "../documents/Blobs.ts"
import { carries, implement, type Implementation, type Instructs, made, pages, shows } from "./Implement.ts"
import type { IdsOf } from "./Answers.ts"
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

const tooLarge = new Rejection({
  code: "payload_too_large",
  status: 413,
  message: `A document has at most ${maximumDocumentSize} bytes.`
})

const notRead = (cause: unknown) =>
  new Unavailable({ executed: "no", message: "The document's content could not be read to its end.", cause })

/** The content, at most as long as a document may be. The caller may use its buffer again while this upload waits its turn. */
const piecesOf = (content: Api.UploadDocument["content"]): Stream.Stream<Uint8Array, CommandFailure> => {
  if (content instanceof Uint8Array)
    return content.byteLength > maximumDocumentSize ? Stream.fail(tooLarge) : Stream.succeed(content.slice())
  let size = 0
  return Stream.mapError(content, notRead).pipe(
    Stream.tap((piece) => ((size += piece.length) > maximumDocumentSize ? Effect.fail(tooLarge) : Effect.void))
  )
}

/** Whether a failed instruction has certainly left nothing behind. */
const isWithoutEffect = (exit: Exit.Exit<unknown, CommandFailure>): boolean =>
  Option.exists(Exit.findErrorOption(exit), (failure) => failure._tag !== "Unavailable" || failure.executed === "no")

/** What a content is recorded with: its document's id, and what was measured of it. */
interface KeptContent extends Stored {
  readonly documentId: Id.DocumentId
}

/** Keeps a content, records what names it, and lets go of the content that was not recorded. @category constructors */
export const keeping = <I extends Operation.Ids>(
  blobs: Blobs["Service"],
  commandOf: (kept: KeptContent, personal: DocumentPersonal, ids: IdsOf<I>) => Commands.Command
): Instructs<I, Api.UploadDocument, unknown>["carry"] =>
  Effect.fnUntraced(function* ({ begun, received }, { ids, input, newId }, intake) {
    const { fileName, mediaType } = input
    const content = piecesOf(input.content)
    // A repeated upload stores nothing: its content is stored already, and has only to be the same.
    if (yield* intake.isRecorded(begun)) {
      const { digest } = yield* measured(content)
      const before = yield* intake.find(yield* received(uploadBody(input, digest)))
      return before ?? (yield* noEffect(new Error("what was recorded under this key is gone: send it again")))
    }
    const documentId = Id.DocumentId.make(yield* newId)
    return yield* Effect.uninterruptibleMask((restore) =>
      Effect.acquireUseRelease(
        // Its sender may take long, or leave.
        blobs.put(
          documentId,
          Stream.transformPull(content, (pull) => Effect.succeed(restore(pull)))
        ),
        (stored) =>
          restore(
            Effect.flatMap(received(uploadBody(input, stored.digest)), (instruction) => {
              const personal = { fileName, mediaType, digest: stored.digest }
              return intake.execute({ ...instruction, command: commandOf({ ...stored, documentId }, personal, ids) })
            })
          ),
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
    ).pipe(Effect.catchTag("BlobError", (error) => Effect.fail(noEffect(error))))
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
        carry: keeping(blobs, ({ documentId, sealed, size }, personal) => ({
          operation: "UploadDocument",
          input: { documentId, digest: sealed, size },
          personal
        })),
        answers: made(document)
      }),
      list: pages(operations.list, { view: document }),
      get: shows(operations.get, { view: document, key: ([id]) => id, missing: "document_not_found" })
    },
    context
  )
