import { PassThrough } from 'node:stream'

import { decodeChunks } from '@sluice/egress/decode-chunks'

import type { AnswerSource } from './answer-sink.ts'
import { createValve } from './valve.ts'

/** Handlers for the decoded bytes. */
export interface DecodedHandlers {
  onData(chunk: Buffer): void
  onEnd(): void
  /** The bytes cannot be decoded, or are truncated. */
  onError(error: unknown): void
}

/** Decoder of a compressed response: bytes are pushed in and decoded as fast as the sink accepts them. */
export interface AnswerDecoder extends AnswerSource {
  push(chunk: Buffer): void
  end(): void
}

/**
 * Decodes a response that is compressed although identity was requested. `compressed` is the source of the
 * bytes: it is paused while decoded bytes wait, so that a decompression bomb cannot fill the memory.
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
