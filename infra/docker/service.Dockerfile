# One file for every service: the build argument SERVICE is a folder below services/ (edge-api, scheduler,
# billing, image-runner, imgproxy), or `standalone` for embedded mode and the operator's CLI.
FROM node:24-bookworm-slim AS install
WORKDIR /sluice
RUN npm install --global pnpm@12.21.0
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY packages packages
COPY services services
COPY apps apps
# The image brings its own Node, and tests stay outside.
RUN pnpm install --frozen-lockfile --prod --filter "./apps/standalone..." --filter "./services/*..."

FROM node:24-bookworm-slim
ARG SERVICE
ENV NODE_ENV=production SERVICE=${SERVICE} HOST=0.0.0.0
WORKDIR /sluice
COPY --from=install /sluice ./
RUN mkdir -p /var/lib/sluice && chown node:node /var/lib/sluice
USER node
EXPOSE 8080
# Node runs TypeScript directly; the workspace links resolve outside node_modules, as type stripping asks.
CMD ["sh", "-c", "if [ \"$SERVICE\" = standalone ]; then exec node apps/standalone/src/main.ts; else exec node \"services/$SERVICE/src/main.ts\"; fi"]
