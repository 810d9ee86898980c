import type { Category, CountedCategory } from "./category-store.ts";

export interface CategoryNode {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  /** Products in the category and in all below it. */
  readonly productCount: number;
  readonly children: CategoryNode[];
}

/** The tree that a list of categories describes, with counts added up from below. */
export function categoryTree(
  categories: readonly CountedCategory[],
  parentId: string | null = null,
): CategoryNode[] {
  return categories
    .filter((category) => category.parentId === parentId)
    .map(({ id, slug, name, products }) => {
      const children = categoryTree(categories, id);
      const below = children.reduce((count, child) => count + child.productCount, 0);
      return { id, slug, name, productCount: products + below, children };
    });
}

/** The ids of the category named `slug` and of all below it; none when there is no such category. */
export function subtreeIds(categories: readonly Category[], slug: string): string[] {
  const below = (id: string): string[] => [
    id,
    ...categories.filter((category) => category.parentId === id).flatMap((child) => below(child.id)),
  ];
  const root = categories.find((category) => category.slug === slug);
  return root === undefined ? [] : below(root.id);
}

/** Names from the category up to its department. */
export function namesUpwards(categories: readonly Category[], id: string): string[] {
  const category = categories.find((each) => each.id === id);
  if (category === undefined) return [];
  return [category.name, ...(category.parentId === null ? [] : namesUpwards(categories, category.parentId))];
}
