# One image for every function: its program is chosen by the argument, `dist/<function>/index.js`. There is nothing in it but Node.js, the bundles and the
# few packages that they leave outside: no shell, no package manager, nobody but an ordinary user, and nothing that has to be written.
#   docker build -t hawker .                   what the functions of Google Cloud and Kubernetes run, and dist/migrate/index.js for migrations
#   docker build --target single -t hawker .   the same, ready to run all of it in one process with its data in /data

# `debug-nonroot` has a shell beside the same files: see "Looking inside an image" in CONTRIBUTING.md.
ARG TAG=nonroot

FROM node:24-trixie AS build
WORKDIR /source
# Alone, so that a change of sources installs nothing again.
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY functions functions
COPY shared shared
COPY scripts scripts
# Databases to migrate, where there are some: their file and their folders, at the same place in the image. The brackets let them be missing.
COPY package.json database[s] /databases/
RUN npm run build -- --out /image/dist --modules && mkdir -p /data /databases && rm -f /databases/package.json && mv /databases /image/databases

FROM gcr.io/distroless/nodejs24-debian13:${TAG} AS program
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /image ./
# A number, so that Kubernetes can tell that it is not root.
USER 65532:65532

FROM program AS single
ENV HAWKER_HOST=0.0.0.0 HAWKER_DATA=/data
COPY --from=build --chown=65532:65532 /data /data
VOLUME /data
EXPOSE 8080
CMD ["dist/start/index.js"]

FROM program AS functions
CMD ["dist/redirects/index.js"]
