/** Fields of superforms' own format of a form and its files. */
const OWN_FORMAT = /^__superform_(json|files?_)/

/**
 * The fields of a submitted HTML form; empty if the body is not a form.
 *
 * Superforms' own format (`dataType: 'json'`) is not used and not read: a hundred bytes of it can repeat the
 * same value so often that the parsed form fills all memory of the process.
 */
export async function readForm(request: Request): Promise<FormData> {
  const sent = await request.formData().catch(() => new FormData())
  const form = new FormData()
  for (const [name, value] of sent) if (!OWN_FORMAT.test(name)) form.append(name, value)
  return form
}
