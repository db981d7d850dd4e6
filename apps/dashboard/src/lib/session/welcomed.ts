import { choiceCookie } from '../site/site-choice.ts'

/** The person has seen the welcome page in this browser and wants it no more. */
export function rememberWelcome(): void {
  const secure = location.protocol === 'https:'
  document.cookie = choiceCookie('welcomed', { value: '1', secure })
}
