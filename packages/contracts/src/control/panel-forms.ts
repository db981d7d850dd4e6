/** Forms carry a few lines; pictures go from the browser to the control API itself. */
const FORM_BYTES_MAX = 512 * 1024
/** The forms of who is not signed in: an e-mail and a password, percent-encoded. */
const OPEN_FORM_BYTES_MAX = 16 * 1024
const OPEN_FORMS: ReadonlySet<string> = new Set(['/login', '/register'])

/** True for a form of the panel that needs no session. `pathname` is taken letter by letter. */
export function isOpenForm(pathname: string): boolean {
  return OPEN_FORMS.has(pathname)
}

/** How many bytes a form that is sent to this page of the panel may have. */
export function panelFormBytesMax(pathname: string): number {
  return isOpenForm(pathname) ? OPEN_FORM_BYTES_MAX : FORM_BYTES_MAX
}
