/** `/openapi.json` of the one route. Loaded when somebody asks: Google waits for an image of an instance that may just have started. */
import * as z from 'zod';
import type { RouteSpec } from '#shared/http/api.ts';
import { describeApi } from '#shared/http/openapi.ts';

const IMAGE: RouteSpec = {
  method: 'get',
  path: '/:token',
  operationId: 'getImage',
  summary: 'One image, a few times within minutes',
  about:
    'An address that is malformed, forged, over, used up, closed or altered, by a query for one, is answered like one that never was. HEAD answers the same headers and counts nothing.',
  role: 'anyone',
  params: z.strictObject({
    token: z.string().describe('What follows the last slash of an address that `slides` made'),
  }),
  answers: { 200: { about: 'All of the image, whatever `Range` or `If-None-Match` say', type: 'image/*' } },
  problems: ['not_found'],
};

export function describeImages(prefix: string): Promise<object> {
  const about = 'Images on their way into a presentation. Errors are problem+json with a stable `code`.';
  return describeApi([IMAGE], { title: 'Hawker images for Slides', about, prefix });
}
