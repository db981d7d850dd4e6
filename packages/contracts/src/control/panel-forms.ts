/** Forms have a few text fields; pictures are uploaded from the browser to the control API directly. */
const FORM_BYTES_MAX = 512 * 1024
/** The forms that need no session: an e-mail and a password, percent-encoded. */
const PUBLIC_FORM_BYTES_MAX = 16 * 1024
const PUBLIC_FORMS: ReadonlySet<string> = new Set(['/login', '/register'])

/** True for a form of the panel that needs no session. `pathname` must match exactly. */
export function isPublicForm(pathname: string): boolean {
  return PUBLIC_FORMS.has(pathname)
}

/** The maximum size of a form that is sent to this page of the panel. */
export function panelFormBytesMax(pathname: string): number {
  return isPublicForm(pathname) ? PUBLIC_FORM_BYTES_MAX : FORM_BYTES_MAX
}
