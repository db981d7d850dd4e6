/** The curl command for the same picture, shown on the page to copy. */
export function firstCall({ origin, model }: { origin: string; model: string }): string {
  const body = JSON.stringify({ model, prompt: 'a heron at dawn', response_format: 'url' })
  return [
    `curl -s ${origin}/v1/images/generations \\`,
    `  -H "Authorization: Bearer sk-…" -H "Content-Type: application/json" \\`,
    `  -d '${body.replaceAll("'", String.raw`'\''`)}'`,
  ].join('\n')
}
