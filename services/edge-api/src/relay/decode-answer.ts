import { PassThrough } from 'node:stream'

import { decodeChunks } from '@sluice/egress/decode-chunks'

import type { AnswerSource } from './answer-sink.ts'
import { createValve } from './valve.ts'

/** What becomes of the decoded bytes. */
export interface DecodedHandlers {
  onData(chunk: Buffer): void
  onEnd(): void
  /** The bytes cannot be decoded, or end too early. */
  onError(error: unknown): void
}

/** The source of a compressed answer: its bytes are pushed in, and are decoded at the pace of the sink. */
export interface AnswerDecoder extends AnswerSource {
  push(chunk: Buffer): void
  end(): void
}

/**
 * Decodes an answer that came compressed although identity was asked for. `compressed` is where the bytes
 * come from: it is paused while decoded ones wait, so that a small body cannot fill the memory.
 */
export function decodeAnswer(
  { compressed, contentEncoding }: { compressed: AnswerSource; contentEncoding: string },
  handlers: DecodedHandlers,
): AnswerDecoder {
  const packed = new PassThrough()
  const valve = createValve()
  packed.on('drain', () => compressed.resume())
  const run = async () => {
    for await (const chunk of decodeChunks(packed, { contentEncoding })) {
      await valve.opened()
      if (valve.signal.aborted) return
      handlers.onData(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    }
    if (!valve.signal.aborted) handlers.onEnd()
  }
  run().catch((error: unknown) => {
    if (!valve.signal.aborted) handlers.onError(error)
  })
  return {
    push: (chunk) => {
      if (!packed.write(chunk)) compressed.pause()
    },
    end: () => void packed.end(),
    pause: () => valve.pause(),
    resume: () => valve.resume(),
    abort: (reason) => {
      valve.abort(reason)
      packed.destroy()
      compressed.abort(reason)
    },
  }
}
