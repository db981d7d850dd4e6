import { request } from 'node:http'

export interface BodyAnswer {
  status: number
  text: string
}

const CHUNK = Buffer.alloc(64 * 1024, 'x')

/**
 * Sends a body of this size, with backpressure, until it is answered. Like a browser it reads an answer that
 * arrives before the whole body is sent; a connection that is closed without an answer is an error.
 */
export function sendBody({
  url,
  token,
  type,
  head,
  bytes,
  hasContentLength,
}: {
  url: string
  token: string
  type: string
  /** The first bytes of the body; the rest is filler. */
  head: Buffer
  bytes: number
  /** With a Content-Length; otherwise with chunked transfer encoding. */
  hasContentLength: boolean
}): Promise<BodyAnswer> {
  return new Promise((resolve, reject) => {
    const sending = request(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': type,
        ...(hasContentLength ? { 'content-length': bytes } : { 'transfer-encoding': 'chunked' }),
      },
    })
    let isAnswered = false
    let left = bytes - head.byteLength
    const writeMore = () => {
      if (isAnswered) return
      while (left > 0) {
        const chunk = CHUNK.subarray(0, left)
        left -= chunk.byteLength
        if (!sending.write(chunk)) return
      }
      sending.end()
    }
    sending.on('drain', writeMore)
    sending.on('error', reject)
    sending.on('response', (answer) => {
      isAnswered = true
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (piece: string) => (text += piece))
      answer.on('error', reject)
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, text })
        sending.destroy()
      })
    })
    sending.write(head)
    writeMore()
  })
}
