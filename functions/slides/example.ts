/** A body as the page and the description show it; a test takes it. */
export const EXAMPLE = {
  images: [
    {
      source: 'https://drive.google.com/file/d/1AbC-the_id_of_the_file/view',
      page: 1,
      place: { w: '50%', align: 'bottom-right', margin: '1cm' },
      altText: 'Sales by month',
    },
    {
      source: { svg: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><rect width="2" height="1"/></svg>' },
      tag: '{{logo}}',
      decorative: true,
    },
    { source: { gs: 'gs://reports/chart.png' }, replace: { altText: 'chart' }, fit: 'cover' },
  ],
  keepReplaced: true,
};
