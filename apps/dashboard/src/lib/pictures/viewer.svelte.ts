import { toast } from '#lib/ui/toast.ts'
import { copyText } from '#lib/ui/copy-text.ts'

import { snippetOf } from './copy-as.ts'
import type { SnippetLanguage } from './copy-as.ts'
import { downloadPicture } from './download-picture.ts'
import type { PictureMessages } from './task-texts.ts'
import type { TaskBoard } from './task-board.svelte.ts'
import type { Picture, Task } from './task.ts'

export interface ViewerDeps {
  board: TaskBoard
  messages: () => PictureMessages
  /** Shows an error to the user. */
  fail: (error: unknown) => Promise<void>
}

/** A stored picture of a task; `id` is unique on the page. */
export interface Stored {
  id: string
  task: Task
  picture: Picture
  url: string
}

/** The open layer of a page of pictures: the lightbox, a task's details, or none. */
export class Viewer {
  /** The id of the picture in the lightbox. */
  picture = $state<string>()
  /** The id of the task whose details are open. */
  details = $state<string>()
  readonly #deps: ViewerDeps
  readonly stored = $derived.by(() => storedOf(this.#deps.board.tasks))

  constructor(deps: ViewerDeps) {
    this.#deps = deps
  }

  get board(): TaskBoard {
    return this.#deps.board
  }

  get task(): Task | undefined {
    return this.board.tasks.find(({ id }) => id === this.details)
  }

  readonly openPicture = (task: Task, picture: Picture): void => {
    this.picture = idOf(task, picture)
  }

  /** Opens immediately with the known data; the charge is loaded afterwards. */
  readonly openDetails = (task: Pick<Task, 'id'>): void => {
    this.details = task.id
    this.refresh(task)
  }

  readonly refresh = ({ id }: Pick<Task, 'id'>): void => {
    this.board.refresh(id).catch(this.#deps.fail)
  }

  readonly download = (task: Task, picture: Picture): void => {
    const { refresh, clock } = this.board
    downloadPicture({ task, picture, clock, refresh }).catch(this.#deps.fail)
  }

  readonly copyPrompt = async ({ prompt }: Task): Promise<void> => {
    const messages = this.#deps.messages()
    if (await copyText(prompt)) toast.ok(messages.promptCopied)
    else toast.bad(messages.copyRefused)
  }

  readonly copyAs = async (task: Task, language: SnippetLanguage): Promise<void> => {
    const messages = this.#deps.messages()
    const copied = await copyText(snippetOf(language, { task, origin: location.origin }))
    if (copied) toast.ok(messages.codeCopied, { description: messages.keyHint })
    else toast.bad(messages.copyRefused)
  }
}

const idOf = (task: Task, { index }: Picture) => `${task.id}/${index}`

function storedOf(tasks: readonly Task[]): Stored[] {
  return tasks.flatMap((task) =>
    task.pictures.flatMap((picture) => {
      const { state, url } = picture
      return state === 'stored' && url ? [{ id: idOf(task, picture), task, picture, url }] : []
    }),
  )
}
