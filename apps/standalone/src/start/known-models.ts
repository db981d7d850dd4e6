import type { ChannelModel } from '@sluice/contracts/scheduler.contract'

const chat = (model: string): ChannelModel => ({ model, upstreamModel: model, kinds: ['chat'] })
const image = (model: string): ChannelModel => ({ model, upstreamModel: model, kinds: ['image'] })

/** OpenAI models that clients request by default. */
export const defaultModels: ChannelModel[] = [
  ...['gpt-image-2', 'gpt-image-1.5', 'gpt-image-1-mini', 'chatgpt-image-latest'].map(image),
  ...['gpt-4o-mini', 'gpt-4o', 'gpt-4.1-mini', 'gpt-4.1'].map(chat),
]

/**
 * Models of the built-in channel until a real one exists: the defaults, and names of examples and older clients.
 */
export const sampleModels: ChannelModel[] = [
  ...defaultModels,
  ...['dall-e-3', 'dall-e-2', 'picture_v2'].map(image),
]

// Parts of the names of models that are neither chat nor image models.
const others =
  /embed|whisper|tts|transcribe|moderation|realtime|audio|dall-e|sora|davinci|babbage|search|codex|instruct/

/** The routable models of an upstream's list of names, each classified as image or chat. */
export function routableModels(names: readonly string[]): ChannelModel[] {
  return names
    .filter((name) => !others.test(name))
    .map((name) => (name.includes('image') ? image(name) : chat(name)))
}
