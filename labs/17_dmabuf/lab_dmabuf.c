// SPDX-License-Identifier: GPL-2.0
/*
 * A buffer with a descriptor of its own
 *
 * A camera fills a buffer, a graphics card shows it, and a program between them should not
 * have to copy it. Neither driver knows the other. The kernel lets one of them *export*
 * its buffer as a dma-buf: an open file that stands for the memory and for nothing else. A
 * program that has its descriptor can map it, pass it on to another program, and hand it to
 * another driver, which *imports* it: that driver says which device wants to reach the
 * memory, and gets a list of addresses for that device.
 *
 * This lab exports; dmabuf_devices.c has what it does for devices. edu_import.c imports, for
 * QEMU's edu device, and takes any dma-buf. The two meet in drivers/dma-buf, and nowhere else.
 */
#include <linux/dma-buf.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "dmabuf_devices.h"
#include "lab_compat.h"
#include "lab_core.h"

static long pages = LAB_DEFAULT_PAGES;
module_param(pages, long, 0444);
MODULE_PARM_DESC(pages, "size of the buffer in pages (default 4)");

static struct lab lab;

/*
 * Get: memory from anywhere
 *
 * When the memory is allocated, nobody knows which devices will want it, so there is no
 * mask that it could be allocated for.
 */
static int lab_dmabuf_get(void)
{
	void *buffer = NULL;

	/* Asked for nearly all memory, the kernel would kill processes. */
	if (lab.size >> PAGE_SHIFT <= si_mem_available() / 2)
		buffer = vmalloc_user(lab.size);
	if (!buffer) {
		pr_err("lab_dmabuf: no memory for %zu bytes\n", lab.size);
		return -ENOMEM;
	}
	iosys_map_set_vaddr(&lab.view, buffer);
	return 0;
}

static void lab_dmabuf_translate(const struct lab *lab, unsigned long index,
				 struct lab_page *page)
{
	void *at = lab->view.vaddr + index * PAGE_SIZE;

	page->kernel_addr = (uintptr_t)at;
	page->pfn = vmalloc_to_pfn(at);
}

/*
 * Map to user space: from the node and from the descriptor alike
 *
 * A dma-buf is mapped without the node, so this way needs the guards as well. All that the
 * kernel itself has checked for it is that the range lies inside.
 */
static int lab_dmabuf_map(struct lab *lab, struct vm_area_struct *vma)
{
	int err = lab_refuse_mmap(lab, vma);

	if (err)
		return err;
	return remap_vmalloc_range(vma, lab->view.vaddr, vma->vm_pgoff);
}

static int lab_dmabuf_map_node(struct file *file, struct vm_area_struct *vma)
{
	return lab_dmabuf_map(lab_of(file), vma);
}

static int lab_dmabuf_map_exported(struct dma_buf *dmabuf,
				   struct vm_area_struct *vma)
{
	return lab_dmabuf_map(dmabuf->priv, vma);
}

/* For an importer that looks with the processor: the kernel's own mapping. */
static int lab_dmabuf_view(struct dma_buf *dmabuf, struct iosys_map *view)
{
	const struct lab *lab = dmabuf->priv;

	*view = lab->view;
	return 0;
}

/*
 * Release: the last descriptor, the last mapping and the last importer have gone
 *
 * Most exporters free the memory here. This lab's memory belongs to its module, which
 * stays as long as there is a dma-buf: the kernel holds a reference to the owner.
 */
static void lab_dmabuf_release(struct dma_buf *dmabuf)
{
}

static const struct dma_buf_ops lab_dmabuf_ops = {
	.map_dma_buf = dmabuf_devices_map,
	.unmap_dma_buf = dmabuf_devices_unmap,
	.begin_cpu_access = dmabuf_devices_begin,
	.end_cpu_access = dmabuf_devices_end,
	.mmap = lab_dmabuf_map_exported,
	.vmap = lab_dmabuf_view,
	.release = lab_dmabuf_release,
};

/*
 * Export: a descriptor for the memory
 *
 * It must allow no more than the node's descriptor by which the program asked for it: what
 * cannot write gets nothing that can. fd_install() is last, since from then on other threads
 * can use the new descriptor.
 */
static int lab_dmabuf_refuse_export(const struct lab_export *export,
				    fmode_t mode)
{
	u32 access = export->flags & O_ACCMODE;

	if (export->flags & ~(O_ACCMODE | O_CLOEXEC) ||
	    (access != O_RDONLY && access != O_RDWR))
		return -EINVAL;
	if (!(mode & FMODE_READ) ||
	    (access == O_RDWR && !(mode & FMODE_WRITE)))
		return -EBADF;
	return 0;
}

static long lab_dmabuf_export(struct file *file, struct lab_export __user *to)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct lab_export export;
	struct dma_buf *dmabuf;
	int err;

	if (copy_from_user(&export, to, sizeof(export)))
		return -EFAULT;
	err = lab_dmabuf_refuse_export(&export, file->f_mode);
	if (err)
		return err;
	info.ops = &lab_dmabuf_ops;
	info.size = lab.size;
	info.flags = export.flags & O_ACCMODE;
	info.priv = &lab;
	export.fd = get_unused_fd_flags(export.flags & O_CLOEXEC);
	if (export.fd < 0)
		return export.fd;
	dmabuf = dma_buf_export(&info);
	err = PTR_ERR_OR_ZERO(dmabuf);
	if (err)
		goto put_number;
	err = copy_to_user(to, &export, sizeof(export)) ? -EFAULT : 0;
	if (!err) {
		fd_install(export.fd, dmabuf->file);
		return 0;
	}
	dma_buf_put(dmabuf);
put_number:
	put_unused_fd(export.fd);
	return err;
}

static long lab_dmabuf_ioctl(struct file *file, unsigned int cmd,
			     unsigned long arg)
{
	if (cmd != LAB_IOC_EXPORT)
		return lab_ioctl(file, cmd, arg);
	return lab_dmabuf_export(file, (void __user *)arg);
}

/*
 * The device node, and the order in which everything is made and removed
 */
static const struct file_operations lab_dmabuf_fops = {
	.owner = THIS_MODULE,
	.llseek = lab_llseek,
	.read = lab_read,
	.write = lab_write,
	.mmap = lab_dmabuf_map_node,
	.unlocked_ioctl = lab_dmabuf_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct lab lab = {
	.misc = LAB_MISCDEVICE("lab_dmabuf", &lab_dmabuf_fops),
	.translate = lab_dmabuf_translate,
};

static int __init lab_dmabuf_init(void)
{
	int err = lab_set_size(&lab, pages, UINT_MAX) ?: lab_dmabuf_get();

	if (err)
		return err;
	err = lab_register(&lab);
	if (err)
		vfree(lab.view.vaddr);
	return err;
}

static void __exit lab_dmabuf_exit(void)
{
	lab_unregister(&lab);
	vfree(lab.view.vaddr);
}

module_init(lab_dmabuf_init);
module_exit(lab_dmabuf_exit);

LAB_IMPORT_NS(DMA_BUF);
MODULE_DESCRIPTION("kmaplab: vmalloc_user() memory exported as a dma-buf");
MODULE_LICENSE("GPL");
