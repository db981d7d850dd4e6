import { extensionOf } from './file-name.ts'
import type { Task } from './task.ts'

export const snippetLanguages = ['curl', 'node', 'python'] as const
export type SnippetLanguage = (typeof snippetLanguages)[number]

export interface SnippetInput {
  task: Task
  /** Public base URL of the gateway: `https://images.example.org`. */
  origin: string
  /** Names of the reference pictures, if known in this browser. */
  referenceNames?: readonly string[]
}

/**
 * A program that requests the same task, without dependencies. The API key is read from `SLUICE_KEY`; default
 * values are omitted.
 */
export function snippetOf(language: SnippetLanguage, input: SnippetInput): string {
  return writers[language](callOf(input))
}

interface Call {
  url: string
  parameters: Record<string, string | number>
  references: string[]
  extension: string
}

function callOf({ task, origin, referenceNames = [] }: SnippetInput): Call {
  const references = Array.from(
    { length: task.references },
    (_, index) => referenceNames[index] ?? `reference-${index + 1}.png`,
  )
  const parameters = {
    model: task.model,
    prompt: task.prompt,
    ...(task.count > 1 && { n: task.count }),
    ...unlessAuto('size', task.size),
    ...unlessAuto('quality', task.quality),
    ...unlessAuto('background', task.background),
    ...(task.format !== 'png' && { output_format: task.format }),
  }
  const route = references.length > 0 ? 'edits' : 'generations'
  const extension = extensionOf(task.format)
  return { url: `${origin}/v1/images/${route}`, parameters, references, extension }
}

const unlessAuto = (name: string, value: string) => (value === 'auto' ? {} : { [name]: value })

const writers = {
  curl: ({ url, parameters, references }: Call) => {
    // Links, because base64 is of no use in a terminal.
    const body = { ...parameters, response_format: 'url' }
    const lines = [`curl ${quoted(url)}`, '-H "Authorization: Bearer $SLUICE_KEY"']
    if (references.length === 0) {
      lines.push(`-H 'Content-Type: application/json'`, `-d ${quoted(json(body))}`)
    } else {
      // Not -F, which reads values that start with @ or < from a file.
      const fields = Object.entries(body)
      lines.push(...fields.map(([name, value]) => `--form-string ${quoted(`${name}=${value}`)}`))
      lines.push(...references.map((name) => `-F ${quoted(`image[]=@"${inQuotes(name)}"`)}`))
    }
    return `${lines.join(' \\\n  ')}\n`
  },

  node: ({ url, parameters, references, extension }: Call) => {
    const withFiles = references.length > 0
    const body = withFiles
      ? `const body = new FormData()
for (const [name, value] of Object.entries(${spread(parameters)})) {
  body.append(name, value)
}
for (const name of ${list(references)}) body.append('image[]', await openAsBlob(name), name)
`
      : `const body = JSON.stringify(${spread(parameters)})
`
    const type = withFiles ? '' : `, 'Content-Type': 'application/json'`
    const files = withFiles ? `import { openAsBlob } from 'node:fs'\n` : ''
    return `${files}import { writeFile } from 'node:fs/promises'
import { env } from 'node:process'

${body}const headers = { Authorization: \`Bearer \${env.SLUICE_KEY}\`${type} }
const answer = await fetch(${json(url)}, { method: 'POST', headers, body })
const { data, error } = await answer.json()
if (error) throw new Error(error.message)
for (const [index, picture] of data.entries()) {
  await writeFile(\`picture-\${index + 1}.${extension}\`, Buffer.from(picture.b64_json, 'base64'))
}
`
  },

  python: ({ url, parameters, references, extension }: Call) => {
    const entries = Object.entries(parameters).map(([key, value]) => `${json(key)}: ${json(value)}`)
    const pictures = `[base64.b64encode(open(name, "rb").read()).decode() for name in ${list(references)}]`
    if (references.length > 0) entries.push(`"images": ${pictures}`)
    return `import base64, json, os, urllib.request

body = {
${entries.map((entry) => `    ${entry},`).join('\n')}
}
request = urllib.request.Request(
    ${json(url)},
    data=json.dumps(body).encode(),
    headers={
        "Authorization": f"Bearer {os.environ['SLUICE_KEY']}",
        "Content-Type": "application/json",
    },
)
with urllib.request.urlopen(request) as answer:
    pictures = json.load(answer)["data"]
for number, picture in enumerate(pictures, 1):
    with open(f"picture-{number}.${extension}", "wb") as file:
        file.write(base64.b64decode(picture["b64_json"]))
`
  },
} satisfies Record<SnippetLanguage, (call: Call) => string>

// JSON is a JavaScript literal and, without true, false and null, a Python literal. Editors treat U+2028 and
// U+2029 as line ends.
const json = (value: unknown, indent = 0) =>
  JSON.stringify(value, null, indent)
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
const spread = (value: unknown) => json(value, 2)
const list = (names: readonly string[]) => `[${names.map((name) => json(name)).join(', ')}]`

/** Quotes a text as one POSIX shell argument. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

// Quoted for curl's -F, for names with commas and semicolons.
const inQuotes = (name: string) => name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
