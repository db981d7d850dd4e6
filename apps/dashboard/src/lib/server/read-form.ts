/** What superforms writes and reads for itself: its own format of a whole form, and files in it. */
const OWN_FORMAT = /^__superform_(json|files?_)/

/**
 * The fields of a submitted form, as a browser's own form sends them; none of a body that is no form.
 *
 * None of our forms is sent in superforms' own format (`dataType: 'json'`), and it is not read: a hundred
 * bytes of it can name the same value over and over, and what is made of them fills all memory of the process.
 */
export async function readForm(request: Request): Promise<FormData> {
  const sent = await request.formData().catch(() => new FormData())
  const form = new FormData()
  for (const [name, value] of sent) if (!OWN_FORMAT.test(name)) form.append(name, value)
  return form
}
