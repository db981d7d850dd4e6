import { error } from '@sveltejs/kit'
import { formatCredits } from '@sluice/kernel/credits'

import { formatSteps } from '#lib/admin/price-form.ts'
import type { Price } from '#lib/admin/price-form.ts'
import { imagePrice, imagePriceForm, tokenPrice, tokenPriceForm } from '#lib/admin/price-forms.ts'
import { createApi } from '#lib/api/create-api.ts'
import { loadMessages } from '#lib/i18n/load-messages.ts'
import { emptyForm, submitForm } from '#lib/server/submit-form.ts'

import type { Actions, PageServerLoad } from './$types.js'

export const load: PageServerLoad = async ({ fetch, params, locals }) => {
  const { items } = await createApi(fetch).listModels()
  const model = items.find((one) => one.model === params.model)
  if (!model) {
    const messages = await loadMessages(locals.choice.language, 'errors')
    error(404, messages.codes.model_not_found)
  }
  const prices = model.prices.map(({ price }) => price)
  return {
    model,
    images: await emptyForm(imagePriceForm, { steps: stepsOf(prices) }),
    tokens: await emptyForm(tokenPriceForm, tokensOf(prices)),
  }
}

function stepsOf(prices: Price[]): string {
  const price = prices.find((one) => one.kind === 'images')
  return price?.kind === 'images' ? formatSteps(price.steps) : ''
}

function tokensOf(prices: Price[]) {
  const price = prices.find((one) => one.kind === 'tokens')
  if (price?.kind !== 'tokens') return { input: '', cached: '', output: '' }
  const text = (micro: string) => formatCredits(BigInt(micro))
  return {
    input: text(price.input_micro_per_million),
    cached: text(price.cached_input_micro_per_million),
    output: text(price.output_micro_per_million),
  }
}

export const actions: Actions = {
  images: (event) =>
    submitForm(event, {
      schema: imagePriceForm,
      action: async (api, form) => {
        const price = imagePrice(imagePriceForm.parse(form))
        await api.addModelPrice({ params: { model: event.params['model'] ?? '' }, body: { price } })
      },
    }),
  tokens: (event) =>
    submitForm(event, {
      schema: tokenPriceForm,
      action: async (api, form) => {
        const price = tokenPrice(tokenPriceForm.parse(form))
        await api.addModelPrice({ params: { model: event.params['model'] ?? '' }, body: { price } })
      },
    }),
}
